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
