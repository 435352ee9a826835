export { cacheConfig } from './cache.config.js';
export { InvalidCacheEnvironmentError } from './invalid-cache-environment.error.js';
export type { EnvironmentProblem } from './invalid-cache-environment.error.js';
export { mergeCacheSettings } from './merge-cache-settings.js';
