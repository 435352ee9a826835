import type { Logger } from '@nestjs/common';
import type { RedisPort } from '@nest-strata/redis';

/** Logs once when Redis goes away and once when it is back; returns the function that stops it. */
export function logRedisOutages(redis: RedisPort, logger: Logger): () => void {
  let awaySinceMs: number | undefined;
  return redis.onStateChange((state, reason) => {
    if (state === 'ready' && awaySinceMs !== undefined) {
      logger.log('Redis is back', { awayMs: Math.round(performance.now() - awaySinceMs) });
      awaySinceMs = undefined;
    } else if (state !== 'ready' && state !== 'closed' && awaySinceMs === undefined && reason !== undefined) {
      logger.warn('Redis is away; memory and loaders answer until it is back', { reason: reason.message });
      awaySinceMs = performance.now();
    }
  });
}
