import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';

/** Counts and tells that the cache could not do its part of a call, which goes on without. */
export function reportFault(
  { stats, events, name }: Pick<CacheContext, 'stats' | 'events' | 'name'>,
  operation: string,
  error: unknown,
): void {
  stats.errors++;
  if (isCacheFault(error)) stats.redis.errors++;
  events.emit({ type: 'error', cache: name, operation, error });
}
