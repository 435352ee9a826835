import { randomUUID } from 'node:crypto';
import { Injectable, NotFoundException } from '@nestjs/common';
import { EvictsRecommendations } from '../recommendations/recommendations.cache.js';
import { StoryRepository } from '../stories/story.repository.js';
import type { CreateHeroDto } from './dto/create-hero.dto.js';
import type { HeroFilter } from './dto/hero.filter.js';
import type { UpdateHeroDto } from './dto/update-hero.dto.js';
import { Hero } from './hero.entity.js';
import { HeroRepository } from './hero.repository.js';

@Injectable()
export class HeroesService {
  constructor(
    private readonly heroes: HeroRepository,
    private readonly stories: StoryRepository,
  ) {}

  async list({ name, language }: HeroFilter): Promise<Hero[]> {
    if (name !== undefined) {
      const namesakes = await this.heroes.findByName(name);
      return namesakes.filter((hero) => language === undefined || hero.language === language);
    }
    return language === undefined ? this.heroes.findAll() : this.heroes.findByLanguage(language);
  }

  async get(id: string): Promise<Hero> {
    return (await this.heroes.findById(id)) ?? unknownHero(id);
  }

  create(dto: CreateHeroDto): Promise<Hero> {
    return this.heroes.save(Object.assign(new Hero(), complete(dto), { id: randomUUID() }));
  }

  /** Gives the hero these fields and no others. */
  replace(id: string, dto: CreateHeroDto): Promise<Hero> {
    return this.change(id, complete(dto));
  }

  async change(id: string, dto: UpdateHeroDto): Promise<Hero> {
    return (await this.heroes.update(id, dto)) ?? unknownHero(id);
  }

  /** Deletes the hero, and takes it out of the stories in which it appeared. */
  @EvictsRecommendations
  async delete(id: string): Promise<void> {
    for (const cast of await this.stories.castsWithHero(id)) {
      await this.stories.update(cast.id, { heroIds: cast.heroIds.filter((heroId) => heroId !== id) });
    }
    if (!(await this.heroes.delete(id))) unknownHero(id);
  }
}

function complete(dto: CreateHeroDto): Omit<Hero, 'id' | 'createdAt'> {
  const { name, language, traits = [], description = '' } = dto;
  return { name, language, traits, description };
}

function unknownHero(id: string): never {
  throw new NotFoundException(`There is no hero "${id}".`);
}
