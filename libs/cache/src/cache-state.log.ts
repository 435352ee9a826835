import type { Logger } from '@nestjs/common';
import type { CacheEngine, CacheStateEvent } from '@nest-strata/engine';

type EventOf<Type extends CacheStateEvent['type']> = Extract<CacheStateEvent, { readonly type: Type }>;

/**
 * Logs each change of what a cache over Redis can rely on, once: whether changes of other processes are heard, whether
 * evicts wait for Redis, whether Redis has lost writes. Returns the function that stops it.
 */
export function logCacheState(engine: Pick<CacheEngine, 'coherence' | 'listenToState'>, logger: Logger): () => void {
  const coherence = new CoherenceLog(logger);
  const pending = new PendingEvictsLog(logger);
  if (engine.coherence?.isArmed === true) coherence.armed(engine.coherence.mode);
  return engine.listenToState((event) => {
    if (event.type === 'coherence' && event.state === 'armed') coherence.armed(event.mode);
    else if (event.type === 'coherence') coherence.lost(event.reason);
    else if (event.type === 'pending') pending.changed(event);
    else if (event.type === 'failover') logFailover(event, logger);
  });
}

class CoherenceLog {
  #lostSinceMs: number | undefined;

  constructor(private readonly logger: Logger) {}

  armed(mode: string | undefined): void {
    const lost = this.#lostSinceMs === undefined ? {} : { lostMs: Math.round(performance.now() - this.#lostSinceMs) };
    this.#lostSinceMs = undefined;
    this.logger.log('changes of other processes are heard', { mode, ...lost });
  }

  lost(reason: string | undefined): void {
    this.#lostSinceMs ??= performance.now();
    this.logger.warn('changes of other processes are not heard; memory serves nothing until they are', { reason });
  }
}

class PendingEvictsLog {
  readonly #sinceMs = new Map<string, number>();

  constructor(private readonly logger: Logger) {}

  changed({ cache, change, count }: EventOf<'pending'>): void {
    const sinceMs = this.#sinceMs.get(cache);
    if (count === 0 && sinceMs !== undefined) {
      this.#sinceMs.delete(cache);
      this.logger.log('no evicts wait for Redis any more', { cache, afterMs: Math.round(performance.now() - sinceMs) });
    } else if (change === 'added' && sinceMs === undefined) {
      this.#sinceMs.set(cache, performance.now());
      this.logger.warn('Redis did not confirm an evict; it is repeated until it does', { cache });
    } else if (change === 'collapsed') {
      this.logger.warn('too many evicts wait for Redis; the cache will be cleared instead', { cache });
    } else if (change === 'abandoned') {
      this.logger.error('an evict cannot be repeated; what it concerns is served from nowhere until Redis is back', {
        cache,
      });
    }
  }
}

function logFailover({ cache, verdict }: EventOf<'failover'>, logger: Logger): void {
  if (verdict === 'replay')
    logger.warn('Redis has lost writes in a failover; the evicts among them are repeated', { cache });
  else logger.warn('Redis has lost more in a failover than can be repeated; the cache is cleared', { cache });
}
