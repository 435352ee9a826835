import { ApiProperty } from '@nestjs/swagger';
import type { Child } from '../../children/child.entity.js';
import type { Hero } from '../../heroes/hero.entity.js';
import { Language } from '../../language.js';
import { type AudioFile, AudioFormat } from '../audio-file.js';
import { StoryLength } from '../story-length.js';
import type { Story } from '../story.entity.js';

/** A child or a hero, as little of it as a story shows. */
class NamedView {
  @ApiProperty({ example: 'luna' })
  readonly id: string;

  @ApiProperty({ example: 'Luna' })
  readonly name: string;

  constructor({ id, name }: { id: string; name: string }) {
    this.id = id;
    this.name = name;
  }
}

class AudioFileView {
  @ApiProperty({ example: 'https://storytime.example/audio/half-a-walnut.mp3' })
  readonly url: string;

  @ApiProperty({ enum: AudioFormat })
  readonly format: AudioFormat;

  @ApiProperty({ example: 65 })
  readonly durationSeconds: number;

  @ApiProperty({ example: '1:05' })
  readonly duration: string;

  constructor(file: AudioFile) {
    this.url = file.url.href;
    this.format = file.format;
    this.durationSeconds = file.durationSeconds;
    this.duration = file.clock;
  }
}

/** A story as the API shows it, with the names of its child and its heroes as they are now. */
export class StoryView {
  @ApiProperty({ example: 'half-a-walnut' })
  readonly id: string;

  @ApiProperty({ example: 'Half a Walnut' })
  readonly title: string;

  @ApiProperty({ example: 'Pip the mouse had a boat, and the boat was half a walnut.' })
  readonly body: string;

  @ApiProperty({ enum: Language })
  readonly language: Language;

  @ApiProperty({ enum: StoryLength })
  readonly length: StoryLength;

  @ApiProperty({ type: Number, nullable: true, example: 4 })
  readonly rating: number | null;

  @ApiProperty({ description: 'Four stars or more' })
  readonly favourite: boolean;

  @ApiProperty({ type: NamedView, nullable: true, description: 'Null for a moment while the child is being deleted' })
  readonly child: NamedView | null;

  @ApiProperty({ type: [NamedView] })
  readonly heroes: readonly NamedView[];

  @ApiProperty({ type: [AudioFileView] })
  readonly audioFiles: readonly AudioFileView[];

  @ApiProperty({ format: 'date-time' })
  readonly createdAt: string;

  constructor(story: Story, child: Child | undefined, heroes: readonly Hero[]) {
    this.id = story.id;
    this.title = story.title;
    this.body = story.body;
    this.language = story.language;
    this.length = story.length;
    this.rating = story.rating?.stars ?? null;
    this.favourite = story.rating?.isFavourite ?? false;
    this.child = child ? new NamedView(child) : null;
    this.heroes = heroes.map((hero) => new NamedView(hero));
    this.audioFiles = story.audioFiles.map((file) => new AudioFileView(file));
    this.createdAt = story.createdAt.toISOString();
  }
}
