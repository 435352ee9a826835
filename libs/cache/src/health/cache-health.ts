import type { KeyWatchMode } from '@nest-strata/redis';
import type { CacheState } from './health-options.js';

/** What the health check tells of the cache. */
export interface CacheHealth {
  /** What the cache is worth; see {@link CacheState}. */
  readonly state: CacheState;
  /** Hits per read since the start, in [0, 1], over all caches of the application. */
  readonly hitRate: number;
  /** What the memory tiers of all caches hold. */
  readonly memory: { readonly entries: number; readonly bytes: number };
  /** Absent without Redis. */
  readonly redis?: RedisHealth;
  /** Absent without Redis. */
  readonly coherence?: CoherenceHealth;
  /** Absent without Redis. */
  readonly pendingEvicts?: PendingEvictsHealth;
}

/** How memory over Redis hears of the changes of other processes. */
export interface CoherenceHealth {
  /** `lost`: changes are not heard, and memory serves nothing until they are. `off`: by the option `coherence: 'none'`. */
  readonly state: 'armed' | 'lost' | 'off';
  /** How often it was lost since the start. */
  readonly losses: number;
  /** Absent as long as it is not known. */
  readonly mode?: KeyWatchMode;
  /** The time in which a change becomes known, as last measured. */
  readonly lagMs?: number;
  readonly lostForMs?: number;
  /** Why it was lost, where that is known. */
  readonly reason?: string;
}

/** The evicts and writes that Redis did not confirm, and that are repeated until it does. */
export interface PendingEvictsHealth {
  readonly count: number;
  /** How long the oldest has been waiting; 0 when there is none. */
  readonly oldestAgeMs: number;
}

/** What the health check tells of Redis. Figures that it does not give, being away or not permitting it, are absent. */
export interface RedisHealth {
  readonly state: 'up' | 'away';
  /** The round trip of a `PING`. */
  readonly latencyMs?: number;
  readonly usedMemoryBytes?: number;
  readonly connectedClients?: number;
  /** Why it is away. */
  readonly reason?: string;
}

/**
 * A `HealthIndicatorResult` of @nestjs/terminus, 11 or 12.
 *
 * At run time Terminus 12 gets the status `'degraded'` for a cache that is degraded or that may be down; Terminus 11
 * does not know that status and would leave the whole result out, so it gets `'up'`. Branch on `state`.
 */
export type CacheHealthResult<Key extends string> = Record<Key, CacheHealth & { readonly status: 'up' | 'down' }>;
