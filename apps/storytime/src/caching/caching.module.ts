import { Module } from '@nestjs/common';
import { CacheModule, type CacheSettings } from '@nest-strata/cache';
import { cacheConfig } from '@nest-strata/cache/config';
import { AudioFile } from '../stories/audio-file.js';
import { Rating } from '../stories/rating.js';

/** The cache of the whole app: in memory, and in Redis too when `REDIS_URL` is set. */
@Module({
  imports: [
    CacheModule.forRootAsync({
      inject: [cacheConfig.KEY],
      useFactory: (environment: CacheSettings): CacheSettings => ({
        namespace: 'storytime',
        grace: '1h', // while the database is away, the stories of an hour ago are better than none
        ...environment,
        types: [
          AudioFile,
          {
            type: Rating,
            serialize: (rating: Rating) => rating.stars,
            deserialize: (stars: number) => new Rating(stars),
          },
        ],
      }),
    }),
  ],
})
export class CachingModule {}
