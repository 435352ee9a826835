import { CacheModule } from '@nest-strata/cache';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChildCacheStrategy } from '../children/child-cache.strategy.js';
import { Child } from '../children/child.entity.js';
import { ChildRepository } from '../children/child.repository.js';
import { HeroCacheStrategy } from '../heroes/hero-cache.strategy.js';
import { Hero } from '../heroes/hero.entity.js';
import { HeroRepository } from '../heroes/hero.repository.js';
import { StoryCacheStrategy } from '../stories/story-cache.strategy.js';
import { Story } from '../stories/story.entity.js';
import { StoryRepository } from '../stories/story.repository.js';

/** The three repositories, each with its cache in front of it: who injects one need not know. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Hero, Child, Story]),
    CacheModule.forFeature([
      { repository: HeroRepository, strategy: HeroCacheStrategy },
      { repository: ChildRepository, strategy: ChildCacheStrategy },
      { repository: StoryRepository, strategy: StoryCacheStrategy },
    ]),
  ],
  providers: [HeroRepository, ChildRepository, StoryRepository],
  exports: [HeroRepository, ChildRepository, StoryRepository],
})
export class RepositoriesModule {}
