import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsOrder, Repository } from 'typeorm';
import { EntityRepository } from '../database/entity.repository.js';
import type { Language } from '../language.js';
import { Hero } from './hero.entity.js';

@Injectable()
export class HeroRepository extends EntityRepository<Hero> {
  protected override readonly order: FindOptionsOrder<Hero> = { name: 'ASC', id: 'ASC' };

  constructor(@InjectRepository(Hero) rows: Repository<Hero>) {
    super(rows);
  }

  findByLanguage(language: Language): Promise<Hero[]> {
    return this.find({ language });
  }

  findByName(name: string): Promise<Hero[]> {
    return this.find({ name });
  }
}
