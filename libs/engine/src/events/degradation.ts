import type { RedisPort } from '@nest-strata/redis';
import type { CacheEvents } from './cache-events.js';

/** Tells once when Redis goes away and once when it is back; returns the function that stops it. */
export function tellDegradation(redis: RedisPort, cache: string, events: CacheEvents): () => void {
  let isDegraded = false;
  return redis.onStateChange((state, reason) => {
    if (state === 'ready' && isDegraded) {
      isDegraded = false;
      events.emit({ type: 'recovered', cache });
    } else if (state !== 'ready' && state !== 'closed' && !isDegraded && reason !== undefined) {
      isDegraded = true;
      events.emit({ type: 'degraded', cache, reason: reason.message });
    }
  });
}
