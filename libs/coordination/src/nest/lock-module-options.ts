import type { RedisOptions, RedisPort } from '@nest-strata/redis';
import type { LockServiceOptions } from '../locks/options/lock-options.js';

/** What `LockModule` is made with. */
export interface LockModuleOptions extends LockServiceOptions {
  /**
   * How to reach Redis; a connection of its own, which is closed with the application. Or a port that is there, which
   * stays yours to close.
   */
  readonly redis: RedisOptions | RedisPort;
}

/** What stands beside the options, or beside their factory. */
export interface LockModuleExtras {
  /** Whether `LockService` can be injected everywhere. Default `true`. */
  readonly isGlobal?: boolean;
}
