import { layOptions } from './lay-options.js';
import type { InheritedOptions } from './resolved-settings.js';
import { NamedCacheShape } from './settings.shape.js';
import { optionNames } from './validate-options.js';

/** What the option `ttl` is when it is left out. */
export const DEFAULT_TTL = '1h';

const INHERITED = new Set([...optionNames(NamedCacheShape), 'coherence']);

/** What named caches have of the root cache where they do not say otherwise. */
export function inheritedFrom(settings: object): InheritedOptions {
  const given = Object.entries(settings).filter(([option]) => INHERITED.has(option));
  const hasRedis = 'redis' in settings && settings.redis !== undefined && settings.redis !== false;
  return { given: layOptions({ ttl: DEFAULT_TTL }, Object.fromEntries(given) as InheritedOptions['given']), hasRedis };
}
