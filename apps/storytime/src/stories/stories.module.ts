import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../database/repositories.module.js';
import { StoriesController } from './stories.controller.js';
import { StoriesService } from './stories.service.js';
import { StoryPresenter } from './story.presenter.js';

@Module({
  imports: [RepositoriesModule],
  controllers: [StoriesController],
  providers: [StoriesService, StoryPresenter],
})
export class StoriesModule {}
