import type { CacheSettings } from '../options/cache-module-options.js';
import { layOptions } from '../options/lay-options.js';

/**
 * The settings of `code`, with those of `environment` in their place. What the environment leaves out is as in the code,
 * within the groups (`memory`, `loads`, `redis`, …) too, which `{ ...code, ...environment }` would replace as a whole.
 *
 * @example
 * CacheModule.forRootAsync({
 *   ...cacheConfig.asProvider(),
 *   useFactory: (environment: CacheSettings) => mergeCacheSettings({ namespace: 'shop' }, environment),
 * })
 */
export function mergeCacheSettings(code: CacheSettings, environment: CacheSettings): CacheSettings {
  return layOptions(code, environment);
}
