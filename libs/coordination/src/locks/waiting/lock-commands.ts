import type { RedisPort } from '@nest-strata/redis';
import type { LockTicket } from '../held/held-lock.js';
import { claimMsOf } from '../held/lease-time.js';
import type { LockKeySpace } from '../lock-keys.js';
import type { LockRequest } from '../options/lock-request.js';
import { acquireLockScript } from '../scripts/acquire-lock.script.js';
import type { AcquireReply } from '../scripts/acquire-lock.script.js';
import { extendLockScript } from '../scripts/extend-lock.script.js';
import { forceReleaseScript } from '../scripts/force-release.script.js';
import type { ForceReleaseReply } from '../scripts/force-release.script.js';
import { inspectLockScript } from '../scripts/inspect-lock.script.js';
import type { LockState } from '../scripts/inspect-lock.script.js';
import { leaveLockScript } from '../scripts/leave-lock.script.js';
import type { LeaveReply } from '../scripts/leave-lock.script.js';

/** How long replicas may take to confirm, in ms: well within the deadline of a port. */
const REPLICAS_WITHIN_MS = 30;
const SYNC_RECORD_MS = 1_000;

/** The locks of a namespace, as one Redis has them. Rejects as `RedisPort` does. */
export class LockCommands {
  readonly #redis: RedisPort;
  readonly #keySpace: LockKeySpace;

  constructor(redis: RedisPort, keySpace: LockKeySpace) {
    this.#redis = redis;
    this.#keySpace = keySpace;
  }

  /** @param waitMs how long the owner is willing to wait from now; 0: not at all; `Infinity`: for ever */
  acquire(
    { key, owner }: LockTicket,
    { mode, limit, ttlMs, isFair }: LockRequest,
    waitMs: number,
    hasInbox: boolean,
  ): Promise<AcquireReply> {
    return this.#redis.run(acquireLockScript, this.#keySpace.keysOf(key), {
      owner,
      mode: mode === 'shared' ? 's' : 'x',
      limit,
      leaseMs: ttlMs,
      claimMs: claimMsOf(ttlMs),
      waitMs: waitMs === Infinity ? -1 : Math.ceil(waitMs),
      isFair: isFair ? 1 : 0,
      channels: this.#keySpace.channels,
      hasInbox: hasInbox ? 1 : 0,
    });
  }

  /** The token of the owner, whose lease has its whole time again; `undefined` when it does not hold the lock. */
  extend({ key, owner }: LockTicket, leaseMs: number): Promise<string | undefined> {
    return this.#redis.run(extendLockScript, this.#keySpace.keysOf(key), { owner, leaseMs });
  }

  leave({ key, owner }: LockTicket): Promise<LeaveReply> {
    return this.#redis.run(leaveLockScript, this.#keySpace.keysOf(key), { owner, channels: this.#keySpace.channels });
  }

  forceRelease(key: string): Promise<ForceReleaseReply> {
    return this.#redis.run(forceReleaseScript, this.#keySpace.keysOf(key), { channels: this.#keySpace.channels });
  }

  inspect(key: string): Promise<LockState> {
    return this.#redis.run(inspectLockScript, this.#keySpace.keysOf(key), {});
  }

  /**
   * How many replicas have all that Redis did for this process until now.
   *
   * `WAIT` tells of what its own connection wrote. So something is written in the same tick, which is one connection; it
   * is no script, for one that the server has forgotten would come after the `WAIT`.
   */
  async replicasWith({ key, owner }: LockTicket, count: number): Promise<number> {
    const [, confirmed] = await Promise.all([
      this.#redis.send('SET', [this.#keySpace.syncKey(key), owner, 'PX', SYNC_RECORD_MS]),
      this.#redis.send('WAIT', [count, REPLICAS_WITHIN_MS]),
    ]);
    return Number(confirmed);
  }
}
