import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { Language } from './hero.js';

/** A hero as a row of PostgreSQL. */
@Entity('hero')
export class HeroRow {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Index({ unique: true })
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', default: Language.English })
  language!: Language;

  @Column({ type: 'timestamptz', name: 'born_at', default: '2020-02-29T12:00:00Z' })
  bornAt!: Date;

  greeting(): string {
    return `I am ${this.name}.`;
  }
}
