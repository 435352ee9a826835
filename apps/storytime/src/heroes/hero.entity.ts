import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { Language } from '../language.js';

/** Whom the stories are about. */
@Entity('hero')
export class Hero {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  language!: Language;

  @Column({ type: 'text', array: true })
  traits!: string[];

  @Column({ type: 'text' })
  description!: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
