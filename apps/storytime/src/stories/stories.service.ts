import { randomUUID } from 'node:crypto';
import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { ChildRepository } from '../children/child.repository.js';
import { HeroRepository } from '../heroes/hero.repository.js';
import { EvictsRecommendations } from '../recommendations/recommendations.cache.js';
import { AudioFile } from './audio-file.js';
import type { AudioFileDto } from './dto/audio-file.dto.js';
import type { CreateStoryDto } from './dto/create-story.dto.js';
import type { StoryFilter } from './dto/story.filter.js';
import type { UpdateStoryDto } from './dto/update-story.dto.js';
import { Rating } from './rating.js';
import { Story } from './story.entity.js';
import { StoryLength } from './story-length.js';
import { StoryRepository } from './story.repository.js';

@Injectable()
export class StoriesService {
  constructor(
    private readonly stories: StoryRepository,
    private readonly children: ChildRepository,
    private readonly heroes: HeroRepository,
  ) {}

  async list({ childId, language }: StoryFilter): Promise<Story[]> {
    if (childId !== undefined) {
      const told = await this.stories.findByChild(childId);
      return told.filter((story) => language === undefined || story.language === language);
    }
    return language === undefined ? this.stories.findAll() : this.stories.findByLanguage(language);
  }

  async get(id: string): Promise<Story> {
    return (await this.stories.findById(id)) ?? unknownStory(id);
  }

  @EvictsRecommendations
  async create(dto: CreateStoryDto): Promise<Story> {
    await this.requireCast(dto);
    return this.stories.save(Object.assign(new Story(), complete(dto), { id: randomUUID() }));
  }

  /** Gives the story these fields and no others. */
  @EvictsRecommendations
  async replace(id: string, dto: CreateStoryDto): Promise<Story> {
    await this.requireCast(dto);
    return (await this.stories.update(id, complete(dto))) ?? unknownStory(id);
  }

  @EvictsRecommendations
  async change(id: string, dto: UpdateStoryDto): Promise<Story> {
    await this.requireCast(dto);
    const { rating, audioFiles, ...changes } = dto;
    const story = await this.stories.update(id, {
      ...changes,
      rating: ratingOf(rating),
      audioFiles: audioFiles?.map(audioFileOf),
    });
    return story ?? unknownStory(id);
  }

  @EvictsRecommendations
  async delete(id: string): Promise<void> {
    if (!(await this.stories.delete(id))) unknownStory(id);
  }

  /** The child and the heroes that a story names must exist. */
  private async requireCast({ childId, heroIds = [] }: Partial<CreateStoryDto>): Promise<void> {
    const complaints: string[] = [];
    if (childId !== undefined && !(await this.children.findById(childId))) {
      complaints.push(`childId names no child: "${childId}"`);
    }
    const known = new Set((await this.heroes.findByIds(heroIds)).map((hero) => hero.id));
    for (const heroId of heroIds) {
      if (!known.has(heroId)) complaints.push(`heroIds names no hero: "${heroId}"`);
    }
    if (complaints.length > 0) throw new BadRequestException(complaints);
  }
}

function complete(dto: CreateStoryDto): Omit<Story, 'id' | 'createdAt'> {
  const { title, body, language, childId, heroIds = [], length = StoryLength.Medium, rating, audioFiles = [] } = dto;
  return {
    title,
    body,
    language,
    childId,
    heroIds,
    length,
    rating: ratingOf(rating) ?? null,
    audioFiles: audioFiles.map(audioFileOf),
  };
}

function ratingOf(stars: number | null | undefined): Rating | null | undefined {
  return typeof stars === 'number' ? new Rating(stars) : stars;
}

function audioFileOf({ url, format, durationSeconds }: AudioFileDto): AudioFile {
  return new AudioFile(new URL(url), format, durationSeconds);
}

function unknownStory(id: string): never {
  throw new NotFoundException(`There is no story "${id}".`);
}
