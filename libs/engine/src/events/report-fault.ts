import { isCacheFault } from '../authority/cache-fault.js';
import type { StatsRecorder } from '../stats/stats-recorder.js';
import type { CacheEvents } from './cache-events.js';

/** Of whom a fault is told. */
interface FaultyCache {
  readonly name: string;
  readonly stats: StatsRecorder;
  readonly events: CacheEvents;
}

/** Counts and tells that the cache could not do its part of a call, which goes on without. */
export function reportFault({ stats, events, name }: FaultyCache, operation: string, error: unknown): void {
  stats.errors++;
  if (isCacheFault(error)) stats.redis.errors++;
  events.emit({ type: 'error', cache: name, operation, error });
}
