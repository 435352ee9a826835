import {
  Column,
  DeleteDateColumn,
  Entity,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
} from 'typeorm';
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

  @Column({ type: 'int', default: 0 })
  age!: number;

  @Column({ type: 'timestamptz', name: 'born_at', default: '2020-02-29T12:00:00Z' })
  bornAt!: Date;

  @DeleteDateColumn({ type: 'timestamptz', name: 'deleted_at' })
  deletedAt!: Date | null;

  greeting(): string {
    return `I am ${this.name}.`;
  }
}

/** What stories are about. */
@Entity('topic')
export class TopicRow {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  name!: string;
}

/** A story: it dies with its hero, and comes with its topics. */
@Entity('story')
export class StoryRow {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'int', name: 'hero_id' })
  heroId!: number;

  @ManyToOne(() => HeroRow, { onDelete: 'CASCADE', cascade: true })
  @JoinColumn({ name: 'hero_id' })
  hero?: HeroRow;

  @ManyToMany(() => TopicRow, { eager: true })
  @JoinTable({ name: 'story_topic' })
  topics!: TopicRow[];
}
