import { Inject, Injectable } from '@nestjs/common';
import { isAnswerToPing, readServerFacts } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { CacheService } from '../cache.service.js';
import { CACHE_REDIS, CACHE_SETTINGS } from '../cache.tokens.js';
import type { ResolvedSettings } from '../options/resolved-settings.js';
import { CacheCondition } from './cache-condition.js';
import type { CacheHealth, RedisHealth } from './cache-health.js';
import type { CacheState } from './health-options.js';

/** Finds out how the cache is. Never rejects, and takes no longer than two deadlines of Redis. */
@Injectable()
export class CacheProbe {
  constructor(
    private readonly root: CacheService,
    private readonly condition: CacheCondition,
    @Inject(CACHE_REDIS) private readonly redis: RedisPort | undefined,
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
  ) {}

  async examine(): Promise<CacheHealth> {
    const redis = this.redis && (await examineRedis(this.redis));
    const { coherence, pendingEvicts } = this.condition;
    return {
      state: this.stateWith(redis),
      ...figuresOf(allCaches(this.root)),
      ...(redis && { redis }),
      ...(coherence && { coherence }),
      ...(pendingEvicts && { pendingEvicts }),
    };
  }

  private stateWith(redis: RedisHealth | undefined): CacheState {
    if (redis?.state !== 'away') return this.condition.isImpaired ? 'degraded' : 'up';
    return this.settings.cache.memory.maxEntries > 0 ? 'degraded' : 'down';
  }
}

async function examineRedis(redis: RedisPort): Promise<RedisHealth> {
  try {
    const sentAtMs = performance.now();
    await ping(redis);
    const latencyMs = Math.round((performance.now() - sentAtMs) * 100) / 100;
    const { usedMemoryBytes, connectedClients } = await readServerFacts(redis);
    return {
      state: 'up',
      latencyMs,
      ...(usedMemoryBytes !== undefined && { usedMemoryBytes }),
      ...(connectedClients !== undefined && { connectedClients }),
    };
  } catch (error) {
    return { state: 'away', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function ping(redis: RedisPort): Promise<void> {
  try {
    await redis.send('PING', []);
  } catch (error) {
    if (!isAnswerToPing(error)) throw error;
  }
}

function figuresOf(caches: readonly CacheService[]): Pick<CacheHealth, 'hitRate' | 'memory'> {
  const figures = { hits: 0, reads: 0, entries: 0, bytes: 0 };
  for (const cache of caches) {
    const { hits, misses } = cache.stats();
    figures.hits += hits;
    figures.reads += hits + misses;
    figures.entries += cache.memoryUse.entryCount;
    figures.bytes += cache.memoryUse.byteCount;
  }
  const { hits, reads, entries, bytes } = figures;
  return { hitRate: reads === 0 ? 0 : Math.round((hits / reads) * 10_000) / 10_000, memory: { entries, bytes } };
}

function allCaches(cache: CacheService): CacheService[] {
  return [cache, ...[...cache.namespaces.values()].flatMap(allCaches)];
}
