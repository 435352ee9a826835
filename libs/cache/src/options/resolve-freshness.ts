import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { CacheOverrides } from '@nest-strata/engine';
import type { FreshnessOptions } from './freshness-options.js';

type ResolvedFreshness = Omit<CacheOverrides, 'memory' | 'loads' | 'ttlMs' | 'memoryTtlMs' | 'jitter'>;
type Rules = { readonly [Option in keyof FreshnessOptions]-?: (given: never) => ResolvedFreshness };

/** What each option is called where it is complete and in milliseconds. */
const RULES: Rules = {
  grace: (time: Duration) => ({ graceMs: durationToMs(time) }),
  staleWhileRevalidate: (time: Duration) => ({ staleWhileRevalidateMs: durationToMs(time) }),
  refreshAhead: (refreshAhead: number) => ({ refreshAhead }),
  earlyRefresh: (earlyRefresh: number) => ({ earlyRefresh }),
  negativeTtl: (ttl: Duration) => ({ negativeTtlMs: durationToMs(ttl) }),
  slidingTtl: (ttl: Duration) => ({ slidingTtlMs: durationToMs(ttl) }),
  softTimeout: (time: Duration) => ({ softTimeoutMs: limitMs(time) }),
  hardTimeout: (time: Duration) => ({ hardTimeoutMs: limitMs(time) }),
  lockTimeout: (time: Duration) => ({ lockTimeoutMs: durationToMs(time) }),
  onLockTimeout: (onLockTimeout: 'load' | 'fail') => ({ onLockTimeout }),
  errorTtl: (ttl: Duration) => ({ errorTtlMs: durationToMs(ttl) }),
  retryAfter: (time: Duration) => ({ retryAfterMs: durationToMs(time) }),
};

/** The options that are given, checked before, as the engine takes them; nothing of those that are not. */
export function resolveFreshness(given: FreshnessOptions): ResolvedFreshness {
  const parts = Object.entries(RULES).map(([option, rule]) => {
    const value = given[option as keyof FreshnessOptions];
    return value === undefined ? {} : rule(value as never);
  });
  return Object.assign({}, ...parts) as ResolvedFreshness;
}

/** A limit of nothing is no limit. */
function limitMs(time: Duration): number {
  return durationToMs(time) || Infinity;
}
