import { resolve } from 'node:path';
import { Module } from '@nestjs/common';
import { ConditionalModule, ConfigModule } from '@nestjs/config';
import { cacheConfig } from '@nest-strata/cache/config';
import { CacheLogModule } from './caching/cache-log.module.js';
import { CachingModule } from './caching/caching.module.js';
import { ChildrenModule } from './children/children.module.js';
import { databaseConfig } from './config/database.config.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { HeroesModule } from './heroes/heroes.module.js';
import { RootController } from './http/root.controller.js';
import { RecommendationsModule } from './recommendations/recommendations.module.js';
import { StoriesModule } from './stories/stories.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({
      isGlobal: true,
      envFilePath: resolve(import.meta.dirname, '../.env'),
      load: [databaseConfig, cacheConfig],
    }),
    DatabaseModule,
    CachingModule,
    ConditionalModule.registerWhen(CacheLogModule, ({ STORYTIME_CACHE_LOG }) => STORYTIME_CACHE_LOG === 'true', {
      debug: false,
    }),
    HeroesModule,
    ChildrenModule,
    StoriesModule,
    RecommendationsModule,
    HealthModule,
  ],
  controllers: [RootController],
})
export class AppModule {}
