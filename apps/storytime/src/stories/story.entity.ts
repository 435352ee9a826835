import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { Language } from '../language.js';
import type { AudioFile } from './audio-file.js';
import { Rating } from './rating.js';
import { StoryLength } from './story-length.js';
import { audioFilesColumn, ratingColumn } from './story.columns.js';

/**
 * A bedtime story. It names its child and its heroes by id instead of holding them, so that a cached story never
 * carries an old copy of a hero.
 */
@Entity('story')
export class Story {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text' })
  body!: string;

  @Column({ type: 'text' })
  language!: Language;

  @Column({ type: 'text' })
  length!: StoryLength;

  /** Null until the child has rated it. */
  @Column({ type: 'integer', nullable: true, transformer: ratingColumn })
  rating!: Rating | null;

  @Column({ name: 'audio_files', type: 'jsonb', transformer: audioFilesColumn })
  audioFiles!: AudioFile[];

  @Column({ name: 'child_id', type: 'text' })
  childId!: string;

  /** In the order in which they appear. */
  @Column({ name: 'hero_ids', type: 'text', array: true })
  heroIds!: string[];

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
