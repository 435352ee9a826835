import { ConfigurableModuleBuilder } from '@nestjs/common';
import { CACHE_DECLARATIONS, CACHE_OPTIONS } from './cache.tokens.js';
import type { CacheModuleExtras, CacheSettings } from './options/cache-module-options.js';

/** `forRoot` and `forRootAsync` of the core, on which those of CacheModule stand. */
export const { ConfigurableModuleClass: ConfigurableCacheCore, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheSettings>({ optionsInjectionToken: CACHE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheOptions')
    .setExtras<CacheModuleExtras>({ isGlobal: true, caches: {} }, (definition, { caches }) => ({
      ...definition,
      providers: [...(definition.providers ?? []), { provide: CACHE_DECLARATIONS, useValue: caches }],
    }))
    .build();
