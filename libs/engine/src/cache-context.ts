import type { Clock, Random } from '@nest-strata/core';
import { readServerIdentity } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import type { Authority } from './authority/authority.port.js';
import { MemoryAuthority } from './authority/memory.authority.js';
import { RedisAuthority } from './authority/redis.authority.js';
import { RedisCounters } from './authority/redis-counters.js';
import { ChangeHearer } from './coherence/change-hearer.js';
import { BriefTrust, FullTrust, WatchedTrust } from './coherence/copy-trust.js';
import type { CopyTrust } from './coherence/copy-trust.js';
import { OwnEchoes } from './coherence/own-echoes.js';
import { KnownVersions } from './coherence/known-versions.js';
import { entryCodecFor } from './envelope/entry-codec-for.js';
import type { CacheEvents } from './events/cache-events.js';
import { DamagedEntryError } from './events/damaged-entry.error.js';
import { reportFault } from './events/report-fault.js';
import { KeySpace } from './keys/key-space.js';
import { LeaseWaiters } from './leases/lease-waiters.js';
import { RedisLeases } from './leases/redis-leases.js';
import { LocalChanges } from './memory/local-changes.js';
import { MemoryStore } from './memory/memory-store.js';
import { ValueKeeper } from './memory/value-keeper.js';
import { LIVENESS_BOUND_MS } from './options/cache-options.js';
import type { ResolvedCacheOptions } from './options/cache-options.js';
import type { ReadOutcome } from './read-through/read-outcome.js';
import { SingleFlight } from './read-through/single-flight.js';
import { NothingToKeep, RedisEvictKeeper } from './recovery/evict-keeper.js';
import type { EvictKeeper } from './recovery/evict-keeper.js';
import { Recovery } from './recovery/recovery.js';
import { forgetLocally, repeatEvict } from './recovery/repeat-evict.js';
import { UnsettledEvictsError } from './recovery/unsettled-evicts.error.js';
import type { SharedRedis } from './shared-redis.js';
import { StatsRecorder } from './stats/stats-recorder.js';
import { RecordKeeper } from './tags/record-keeper.js';
import { TagRecords } from './tags/tag-records.js';
import { RedisTier } from './tiers/redis.tier.js';

/** What the caches of one family have in common. */
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
  readonly trust: CopyTrust;
  readonly versions: KnownVersions;
  readonly recovery: EvictKeeper;
  readonly flights: SingleFlight<ReadOutcome>;
  readonly keeper: ValueKeeper;
  readonly stats: StatsRecorder;
  readonly events: CacheEvents;
  readonly clock: Clock;
  readonly random: Random;
}

type LocalParts = Omit<CacheContext, 'authority' | 'recovery' | 'memory' | 'trust' | 'versions'> & {
  readonly changes: LocalChanges;
};

/** Puts a cache together: which parts there are and who knows whom is decided here alone. */
export function makeCacheContext(options: ResolvedCacheOptions, surroundings: CacheSurroundings): CacheContext {
  const { clock, random, events, redis } = surroundings;
  const keySpace = new KeySpace(options.namespace, options.limits.maxKeyBytes);
  const parts: LocalParts = {
    name: keySpace.namespace,
    options,
    keySpace,
    flights: new SingleFlight(),
    keeper: new ValueKeeper(valueModeOf(options), options.types),
    stats: new StatsRecorder(),
    changes: new LocalChanges(),
    events,
    clock,
    random,
  };
  return redis === undefined || !options.enabled ? makeMemoryContext(parts) : makeRedisContext(redis, parts);
}

/** Without a memory tier a value is held by its callers alone, so there is nothing to freeze. */
function valueModeOf({ enabled, memory }: ResolvedCacheOptions) {
  if (!enabled) return 'shared';
  return memory.maxEntries === 0 ? 'cloned' : memory.values;
}

function makeMemoryContext({ changes, ...parts }: LocalParts): CacheContext {
  const { clock, options, keeper, keySpace } = parts;
  const trust = new FullTrust();
  const limits = options.enabled ? options.memory : { maxEntries: 0, maxBytes: 0 };
  const memory = new MemoryStore(clock, limits, changes, trust);
  const versions = new KnownVersions(changes, () => false);
  const authority = new MemoryAuthority(memory, keeper, keySpace, clock, options);
  return { ...parts, memory, trust, versions, authority, recovery: new NothingToKeep() };
}

function makeRedisContext(redis: SharedRedis, parts: LocalParts): CacheContext {
  const { port, coherence, heldLeases } = redis;
  const { options, keySpace, clock, random, changes, flights } = parts;
  const announcement = () => coherence.announcement;
  const isProven = () => clock.monotonicMs() < coherence.heardUpToMs + LIVENESS_BOUND_MS;
  const versions = new KnownVersions(changes, isProven);
  const watched = new WatchedTrust(coherence, versions);
  const trust = options.coherence === 'none' ? new BriefTrust() : watched;
  const memory = new MemoryStore(clock, options.memory, changes, trust);
  const waiters = new LeaseWaiters(clock);
  // Without memory nobody asks to be told of values, own ones or others'.
  const hasMemory = memory.tier.hasRoom;
  const echoes = new OwnEchoes(clock, () => hasMemory && coherence.isArmed && coherence.isScriptEchoed);
  const records = new TagRecords(port, keySpace, versions, changes, clock, announcement);
  const leases = new RedisLeases(port, keySpace, records, heldLeases, options.codec, clock, announcement);
  const authority = new RedisAuthority({
    redis: port,
    entries: makeRedisTier(redis, echoes, parts),
    records,
    leases,
    waiters,
    counters: new RedisCounters(port, keySpace, announcement),
    keySpace,
    changes,
    clock,
    random,
    echoes,
    isHeard: () => coherence.isArmed,
  });
  const recovery = makeRecovery(port, authority, versions, parts);
  const recordKeeper = new RecordKeeper(records, recovery, clock);
  const heard = { memory, trust: watched, versions, waiters, flights, recordKeeper, echoes };
  coherence.join(keySpace, hasMemory, new ChangeHearer(heard));
  const { changes: _, ...context } = parts;
  return { ...context, memory, trust, versions, authority, recovery };
}

function makeRedisTier({ port, serverClock, coherence }: SharedRedis, echoes: OwnEchoes, parts: LocalParts): RedisTier {
  const { options, keySpace, clock, stats, events, name } = parts;
  const onDamage: ConstructorParameters<typeof RedisTier>[5] = (key, damage) => {
    stats.redis.errors++;
    events.emit({ type: 'error', cache: name, operation: 'decode', error: new DamagedEntryError(key, damage) });
  };
  return new RedisTier(
    port,
    keySpace,
    entryCodecFor(options),
    serverClock,
    clock,
    onDamage,
    () => coherence.announcement,
    echoes,
  );
}

function makeRecovery(port: RedisPort, authority: Authority, versions: KnownVersions, parts: LocalParts): EvictKeeper {
  const { keySpace, clock, random, events, name, options, changes } = parts;
  const recovery = new Recovery({
    redis: port,
    keySpace,
    clock,
    random,
    attempt: async (evict) => {
      await repeatEvict(evict, authority);
      forgetLocally(evict, changes, versions);
    },
    readIdentity: () => readServerIdentity(port),
    onPendingChange: ({ kind }) =>
      events.emit({ type: 'pending', cache: name, change: kind, count: recovery.pending.count }),
    onVerdict: ({ kind }) => {
      if (kind !== 'same') events.emit({ type: 'failover', cache: name, verdict: kind });
    },
    onFault: (operation, error) => reportFault(parts, operation, error),
    maxPending: options.recovery.maxPendingEvicts,
    failoverWindowMs: options.recovery.failoverWindowMs,
  });
  const stopHearing = port.onStateChange((state) => {
    if (state === 'ready') void recovery.resume();
    else recovery.doubt();
  });
  return new RedisEvictKeeper(recovery, (left) => {
    stopHearing();
    if (left > 0) reportFault(parts, 'close', new UnsettledEvictsError(name, left));
  });
}
