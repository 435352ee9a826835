import { ApiProperty } from '@nestjs/swagger';
import { Language } from '../../language.js';
import type { Hero } from '../hero.entity.js';

/** A hero as the API shows it. */
export class HeroView {
  @ApiProperty({ example: 'luna' })
  readonly id: string;

  @ApiProperty({ example: 'Luna' })
  readonly name: string;

  @ApiProperty({ enum: Language })
  readonly language: Language;

  @ApiProperty({ type: [String], example: ['curious', 'moonlit'] })
  readonly traits: readonly string[];

  @ApiProperty({ example: 'A fox who collects the light of the moon.' })
  readonly description: string;

  @ApiProperty({ format: 'date-time' })
  readonly createdAt: string;

  constructor(hero: Hero) {
    this.id = hero.id;
    this.name = hero.name;
    this.language = hero.language;
    this.traits = hero.traits;
    this.description = hero.description;
    this.createdAt = hero.createdAt.toISOString();
  }
}
