import { isPlainObject } from './option-rules.js';
import type { InheritedOptions } from './resolved-settings.js';
import { NamedCacheShape } from './settings.shape.js';
import { optionNames } from './validate-options.js';

/** What the option `ttl` is when it is left out. */
export const DEFAULT_TTL = '1h';

const INHERITED = new Set([...optionNames(NamedCacheShape), 'coherence']);

/** What named caches have of the root cache where they do not say otherwise. */
export function inheritedFrom(settings: object): InheritedOptions {
  const given = Object.entries(settings).filter(([option]) => INHERITED.has(option));
  const hasRedis = 'redis' in settings && settings.redis !== undefined;
  return { given: layOptions({ ttl: DEFAULT_TTL }, Object.fromEntries(given) as InheritedOptions['given']), hasRedis };
}

/** The options of a cache inside another: what it leaves out is as around it, within groups too. */
export function layOptions<Around extends object, Given extends object>(around: Around, given: Given): Around & Given {
  const together = new Map<string, unknown>(Object.entries(around));
  for (const [option, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    const other = together.get(option);
    together.set(option, isPlainObject(value) && isPlainObject(other) ? layOptions(other, value) : value);
  }
  return Object.fromEntries(together) as Around & Given;
}
