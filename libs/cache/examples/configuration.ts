import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { CacheModule } from '@nest-strata/cache';
import type { CacheSettings } from '@nest-strata/cache';
import { cacheConfig, mergeCacheSettings } from '@nest-strata/cache/config';

// #region environment
@Module({
  imports: [ConfigModule.forRoot(), CacheModule.forRootAsync(cacheConfig.asProvider())],
})
export class AppModule {}
// #endregion

// #region environment-over-code
@Module({
  imports: [
    ConfigModule.forRoot(),
    CacheModule.forRootAsync({
      ...cacheConfig.asProvider(),
      useFactory: (environment: CacheSettings) =>
        mergeCacheSettings({ namespace: 'shop', ttl: '10m', memory: { values: 'cloned' } }, environment),
      caches: { heroes: { ttl: '1h' } },
    }),
  ],
})
export class ShopModule {}
// #endregion
