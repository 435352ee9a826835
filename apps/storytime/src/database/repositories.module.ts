import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Child } from '../children/child.entity.js';
import { ChildRepository } from '../children/child.repository.js';
import { Hero } from '../heroes/hero.entity.js';
import { HeroRepository } from '../heroes/hero.repository.js';
import { Story } from '../stories/story.entity.js';
import { StoryRepository } from '../stories/story.repository.js';

/** The three repositories. */
@Module({
  imports: [TypeOrmModule.forFeature([Hero, Child, Story])],
  providers: [HeroRepository, ChildRepository, StoryRepository],
  exports: [HeroRepository, ChildRepository, StoryRepository],
})
export class RepositoriesModule {}
