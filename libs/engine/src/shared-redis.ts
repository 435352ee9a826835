import type { Clock, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { Coherence } from './coherence/coherence.js';
import { KeySpace } from './keys/key-space.js';
import { HeldLeases } from './leases/held-leases.js';
import type { ResolvedCacheOptions } from './options/cache-options.js';
import { ServerClock } from './tiers/server-clock.js';

/** A Redis and what is known of it, for all caches of a family: a cache and the namespaces in it. */
export class SharedRedis {
  readonly serverClock: ServerClock;
  readonly coherence: Coherence;
  readonly heldLeases: HeldLeases;

  constructor(
    readonly port: RedisPort,
    options: ResolvedCacheOptions,
    clock: Clock,
    random: Random,
  ) {
    this.serverClock = new ServerClock(port, clock);
    this.coherence = new Coherence(port, new KeySpace(options.namespace), options.coherence);
    this.heldLeases = new HeldLeases(port, clock, random);
  }

  /** At the end of the whole family. The port is not closed; nothing of the family is left at it. */
  async close(): Promise<void> {
    this.heldLeases.close();
    this.serverClock.close();
    await this.coherence.close();
  }
}
