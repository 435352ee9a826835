import { Inject } from '@nestjs/common';

/** The options as the application gave them. */
export const CACHE_OPTIONS = Symbol('strata:cache:options');
/** The named caches that stand beside the options. */
export const CACHE_DECLARATIONS = Symbol('strata:cache:declarations');
/** The options, resolved. */
export const CACHE_SETTINGS = Symbol('strata:cache:settings');
/** The `RedisPort`, or `undefined` without Redis. */
export const CACHE_REDIS = Symbol('strata:cache:redis');

/** The token of the cache of that name, to override it in a test. */
export function getCacheToken(name: string): string {
  return `CacheService:${name}`;
}

/** Injects the {@link CacheService} of that name, which `caches` of `forRoot` or `forFeature` declares. */
export function InjectCache(name: string): ParameterDecorator & PropertyDecorator {
  return Inject(getCacheToken(name));
}
