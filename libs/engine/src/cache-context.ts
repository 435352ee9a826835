import type { Clock, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { Authority } from './authority/authority.port.js';
import { MemoryAuthority } from './authority/memory.authority.js';
import { RedisAuthority } from './authority/redis.authority.js';
import { RedisCounters } from './authority/redis-counters.js';
import { EntryCodec } from './envelope/entry-codec.js';
import type { CacheEvents } from './events/cache-events.js';
import { DamagedEntryError } from './events/damaged-entry.error.js';
import { KeySpace } from './keys/key-space.js';
import { MemoryStore } from './memory/memory-store.js';
import { ValueKeeper } from './memory/value-keeper.js';
import type { ResolvedCacheOptions } from './options/cache-options.js';
import { StatsRecorder } from './stats/stats-recorder.js';
import { TagRecords } from './tags/tag-records.js';
import { RedisTier } from './tiers/redis.tier.js';
import type { ServerClock } from './tiers/server-clock.js';

/** A Redis and what is known of it, for all caches that use it. */
interface SharedRedis {
  readonly port: RedisPort;
  readonly serverClock: ServerClock;
}

/** What the caches of one process have in common. */
export interface CacheSurroundings {
  /** `undefined`: the caches live in memory alone. */
  readonly redis: SharedRedis | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: CacheEvents;
}

/** The parts of one cache, made once and shared by what works on it. */
export interface CacheContext {
  /** The namespace, its parts joined by dots: the cache's name in events and errors. */
  readonly name: string;
  readonly options: ResolvedCacheOptions;
  readonly keySpace: KeySpace;
  readonly authority: Authority;
  readonly memory: MemoryStore;
  readonly keeper: ValueKeeper;
  readonly stats: StatsRecorder;
  readonly events: CacheEvents;
  readonly clock: Clock;
  readonly random: Random;
}

/** Puts a cache together: which parts there are and who knows whom is decided here alone. */
export function makeCacheContext(options: ResolvedCacheOptions, surroundings: CacheSurroundings): CacheContext {
  const { clock, random, events } = surroundings;
  const keySpace = new KeySpace(options.namespace, options.limits.maxKeyBytes);
  const stats = new StatsRecorder();
  const memory = new MemoryStore(clock, options.enabled ? options.memory : { maxEntries: 0, maxBytes: 0 });
  const keeper = new ValueKeeper(valueModeOf(options), options.types);
  const parts = { name: keySpace.namespace, options, keySpace, memory, keeper, stats, events, clock, random };
  return {
    ...parts,
    authority:
      surroundings.redis === undefined || !options.enabled
        ? new MemoryAuthority(memory, keeper, keySpace, clock, options.limits)
        : makeRedisAuthority(surroundings.redis, parts),
  };
}

/** Without a memory tier a value is held by its callers alone, so there is nothing to freeze. */
function valueModeOf({ enabled, memory }: ResolvedCacheOptions) {
  if (!enabled) return 'shared';
  return memory.maxEntries === 0 ? 'cloned' : memory.values;
}

function makeRedisAuthority(
  { port, serverClock }: SharedRedis,
  parts: Omit<CacheContext, 'authority'>,
): RedisAuthority {
  const { options, keySpace, clock, random, stats, events, name } = parts;
  const { codec, compression, limits, types } = options;
  const entryCodec = new EntryCodec({
    codec,
    types,
    maxValueBytes: limits.maxValueBytes,
    ...(compression === undefined ? {} : { compression }),
  });
  const tier = new RedisTier(port, keySpace, entryCodec, serverClock, clock, (key, damage) => {
    stats.redis.errors++;
    events.emit({ type: 'error', cache: name, operation: 'decode', error: new DamagedEntryError(key, damage) });
  });
  const counters = new RedisCounters(port, keySpace);
  return new RedisAuthority(port, tier, new TagRecords(port, keySpace), counters, keySpace, clock, random);
}
