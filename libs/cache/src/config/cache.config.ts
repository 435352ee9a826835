import { Logger } from '@nestjs/common';
import { registerAs } from '@nestjs/config';
import type { CacheSettings } from '../options/cache-module-options.js';
import { readCacheEnvironment } from './read-cache-environment.js';

/**
 * The cache's settings from the environment, for `ConfigModule` of @nestjs/config; `docs/configuration.md` lists the
 * variables. In them, and nowhere else, a bare whole number is a duration in seconds; the log says which were.
 *
 * @throws InvalidCacheEnvironmentError at boot, with every variable that cannot be used
 *
 * @example CacheModule.forRootAsync(cacheConfig.asProvider())
 */
export const cacheConfig = registerAs('cache', (): CacheSettings => {
  const { settings, bareSeconds } = readCacheEnvironment(process.env);
  if (Object.keys(bareSeconds).length > 0) {
    new Logger('CacheConfig').log('durations without a unit are seconds', bareSeconds);
  }
  return settings;
});
