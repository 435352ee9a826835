import type { Clock, ClockTimer } from '@nest-strata/core';
import { LockLostError } from '../errors/lock-lost.error.js';
import type { LockLostReason } from '../errors/lock-lost.error.js';
import { toLockUnavailable } from '../errors/lock-unavailable.error.js';
import type { LeaveReply } from '../scripts/leave-lock.script.js';
import type { HeldLock, LockTicket } from './held-lock.js';
import { certainUntilMs, extendAgainAfterMs, extendAtMs } from './lease-time.js';

/** A lock that Redis has given. */
export interface LockGrant extends LockTicket {
  readonly fence: string;
  readonly ttlMs: number;
  readonly isRenewed: boolean;
  /** When the lease began at the earliest, on the monotonic clock, and for how long it was given. */
  readonly startMs: number;
  readonly leaseMs: number;
}

/** What a lock works with. */
export interface LockKeeper {
  readonly clock: Clock;
  /** Extends the lease in Redis; `false` when it is not ours. */
  readonly extend: (lock: LockTicket, ttlMs: number) => Promise<boolean>;
  readonly leave: (lock: LockTicket, ttlMs: number) => Promise<LeaveReply>;
  /** Called once, when the lock is held no longer. */
  readonly ended: (lock: Lock, reason: LockLostReason) => void;
}

/**
 * A lock that is held, until it is released or lost. It extends itself at a third of its ttl.
 *
 * It is certain only until a deadline of its own: its ttl, less 1 % and 2 ms, from the moment before the last request was
 * sent that Redis has answered. The deadline is on the monotonic clock and waits for no answer.
 */
export class Lock implements HeldLock {
  readonly key: string;
  /** Who holds it, for Redis: unique to this acquisition. */
  readonly owner: string;
  /**
   * The fencing token: 16 hex digits, higher than that of any holder before. Who writes under the lock sends it along, and
   * who stores refuses what comes with a lower one than before: see `FenceGuard`.
   */
  readonly fence: string;
  /** How long it outlives its holder, in ms. */
  readonly ttlMs: number;
  readonly #keeper: LockKeeper;
  readonly #aborter = new AbortController();
  #isRenewed: boolean;
  #deadlineMs: number;
  #deadline: ClockTimer | undefined;
  #extension: ClockTimer | undefined;
  #end: LockLostReason | undefined;
  #releasing: Promise<boolean> | undefined;

  /** @internal */
  constructor(grant: LockGrant, keeper: LockKeeper) {
    this.key = grant.key;
    this.owner = grant.owner;
    this.fence = grant.fence;
    this.#keeper = keeper;
    this.ttlMs = grant.ttlMs;
    this.#isRenewed = grant.isRenewed;
    this.#deadlineMs = certainUntilMs(grant.startMs, grant.leaseMs);
    this.#watch();
    this.#extendAt(extendAtMs(grant.startMs, grant.leaseMs));
  }

  get keys(): readonly string[] {
    return [this.key];
  }

  get isHeld(): boolean {
    return this.endReason === undefined;
  }

  /** Why it is held no longer. */
  get endReason(): LockLostReason | undefined {
    if (this.#end === undefined && this.#keeper.clock.monotonicMs() >= this.#deadlineMs) this.lose('expired');
    return this.#end;
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  remainingMs(): number {
    return this.isHeld ? Math.max(0, this.#deadlineMs - this.#keeper.clock.monotonicMs()) : 0;
  }

  assertHeld(): void {
    const reason = this.endReason;
    if (reason !== undefined) throw new LockLostError(this.key, reason);
  }

  /**
   * Gives it its whole ttl again, now. What has ended is not brought back. Needed only with `{ renew: false }`.
   *
   * @throws LockLostError when it is not held
   * @throws LockUnavailableError when Redis does not answer; it is held as before
   */
  async extend(): Promise<void> {
    this.assertHeld();
    try {
      await this.#extend();
    } catch (error) {
      throw toLockUnavailable(this.key, error);
    }
    this.assertHeld();
  }

  release(): Promise<boolean> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  /**
   * Lets go of it without giving it back: another process goes on with it by `restore()`, before its ttl has passed.
   *
   * @throws LockLostError when it is not held
   */
  detach(): LockTicket {
    this.assertHeld();
    this.#finish('detached');
    return this.toJSON();
  }

  /** What `restore()` takes. */
  toJSON(): LockTicket {
    return { key: this.key, owner: this.owner };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(() => undefined);
  }

  /** @internal It is somebody else's, or may be. */
  lose(reason: LockLostReason): void {
    if (this.#end !== undefined) return;
    this.#finish(reason);
    this.#aborter.abort(new LockLostError(this.key, reason));
  }

  /** @internal It ends with its ttl. */
  stopRenewing(): void {
    this.#isRenewed = false;
    this.#extension?.cancel();
  }

  async #release(): Promise<boolean> {
    const isAgain = this.#end === 'released';
    const mayBeOurs = (isAgain || this.isHeld) && this.#keeper.clock.monotonicMs() < this.#deadlineMs;
    if (!mayBeOurs) return false;
    this.#finish('released');
    try {
      // What is gone at the second attempt was given back by the first, whose answer was lost.
      return (await this.#keeper.leave(this.toJSON(), this.ttlMs)) === 'held' || isAgain;
    } catch (error) {
      this.#releasing = undefined;
      throw toLockUnavailable(this.key, error);
    }
  }

  #finish(reason: LockLostReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#deadline?.cancel();
    this.#extension?.cancel();
    this.#keeper.ended(this, reason);
  }

  /** Ends it when its deadline has passed; an extension has moved that in between, as a rule. */
  #watch(): void {
    const { clock } = this.#keeper;
    const check = (): void => {
      if (this.isHeld) this.#watch();
    };
    this.#deadline = clock.setTimer(check, Math.max(0, this.#deadlineMs - clock.monotonicMs()));
  }

  #extendAt(atMs: number): void {
    if (!this.#isRenewed) return;
    const { clock } = this.#keeper;
    const extend = (): void => {
      // Not now; the deadline goes on, and whether there is time for another attempt shows then.
      this.#extend().catch(() => this.#extendAt(clock.monotonicMs() + extendAgainAfterMs(this.ttlMs)));
    };
    this.#extension?.cancel();
    if (this.isHeld) this.#extension = clock.setTimer(extend, Math.max(0, atMs - clock.monotonicMs()));
  }

  async #extend(): Promise<void> {
    const startMs = this.#keeper.clock.monotonicMs();
    const isOurs = await this.#keeper.extend(this.toJSON(), this.ttlMs);
    if (this.#end !== undefined) return;
    if (!isOurs) {
      this.lose('taken');
      return;
    }
    this.#deadlineMs = Math.max(this.#deadlineMs, certainUntilMs(startMs, this.ttlMs));
    this.#extendAt(extendAtMs(startMs, this.ttlMs));
  }
}
