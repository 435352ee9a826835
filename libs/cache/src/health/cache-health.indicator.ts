import { Inject, Injectable } from '@nestjs/common';
import { CACHE_SETTINGS } from '../cache.tokens.js';
import { OptionalPeers } from '../optional-peers.js';
import type { ResolvedSettings } from '../options/resolved-settings.js';
import type { CacheHealthResult } from './cache-health.js';
import { CacheProbe } from './cache-probe.js';
import type { CacheState, HealthOptions } from './health-options.js';

/** What is used of the `HealthIndicatorService` of @nestjs/terminus 11 and 12. */
interface TerminusSessions {
  check(key: string): object;
}

/**
 * The health of the cache for @nestjs/terminus 11 and 12.
 *
 * A cache that is away makes an application slow, not wrong: by default only a cache that is `down` fails the check.
 *
 * @example health.check([() => cache.isHealthy()])
 */
@Injectable()
export class CacheHealthIndicator {
  constructor(
    private readonly probe: CacheProbe,
    private readonly peers: OptionalPeers,
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
  ) {}

  /**
   * Examines the cache, asking Redis if there is one. Never rejects.
   *
   * @param key what the result is called in the health check's answer
   * @param options what is different from the module's `health` options, for readiness and liveness to differ
   */
  async isHealthy<Key extends string = 'cache'>(
    key: Key = 'cache' as Key,
    options: HealthOptions = {},
  ): Promise<CacheHealthResult<Key>> {
    const health = await this.probe.examine();
    const status = this.statusOf(health.state, options.failOn ?? this.settings.failOn);
    return { [key]: { status, ...health } } as CacheHealthResult<Key>;
  }

  private statusOf(state: CacheState, failOn: readonly CacheState[]): CacheState {
    if (state === 'up') return 'up';
    if (failOn.includes(state)) return 'down';
    return this.peers.find('HealthIndicatorService', knowsDegraded) ? 'degraded' : 'up';
  }
}

/** Whether it is of Terminus 12: Terminus 11 drops results with a status that it does not know. */
function knowsDegraded(instance: object): instance is TerminusSessions {
  const { check } = instance as Partial<TerminusSessions>;
  return typeof check === 'function' && 'degraded' in check.call(instance, 'cache');
}
