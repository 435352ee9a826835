import { durationToMs } from '@nest-strata/core';
import type { Clock, Duration } from '@nest-strata/core';
import type { LockLostReason } from '../errors/lock-lost.error.js';
import type { LockEvents } from '../lock-event.js';
import type { LeaveReply } from '../scripts/leave-lock.script.js';
import type { AbandonedLocks } from '../waiting/abandoned-locks.js';
import type { LockCommands } from '../waiting/lock-commands.js';
import type { LockInbox } from '../waiting/lock-inbox.js';
import type { LockTicket } from './held-lock.js';
import { Lock } from './lock.js';
import type { LockGrant, LockKeeper } from './lock.js';

/** What {@link HeldLocks} works with. */
export interface HeldLocksContext {
  readonly clock: Clock;
  readonly commands: LockCommands;
  readonly inbox: LockInbox;
  readonly abandoned: AbandonedLocks;
  readonly events: LockEvents;
}

interface Held {
  readonly lock: Lock;
  readonly sinceMs: number;
  readonly stopReading: () => void;
}

/** The locks that this process holds. */
export class HeldLocks {
  readonly #context: HeldLocksContext;
  readonly #keeper: LockKeeper;
  readonly #held = new Map<string, Held>();
  #whenEmpty: (() => void) | undefined;

  constructor(context: HeldLocksContext) {
    this.#context = context;
    const { clock, commands } = context;
    this.#keeper = {
      clock,
      extend: async (lock, ttlMs) => (await commands.extend(lock, ttlMs)) !== undefined,
      leave: (lock, ttlMs) => this.#leave(lock, ttlMs),
      ended: (lock, reason) => this.#ended(lock, reason),
    };
  }

  /** @param askedAtMs when it was asked for, on the monotonic clock */
  hold(grant: LockGrant, askedAtMs: number): Lock {
    const { clock, events, inbox } = this.#context;
    const lock = new Lock(grant, this.#keeper);
    const { key, owner } = lock;
    const stopReading = inbox.read(owner, { forced: () => lock.lose('taken') });
    const sinceMs = clock.monotonicMs();
    this.#held.set(owner, { lock, sinceMs, stopReading });
    events.emit({ type: 'acquired', key, owner, waitedMs: sinceMs - askedAtMs });
    return lock;
  }

  find(owner: string): Lock | undefined {
    return this.#held.get(owner)?.lock;
  }

  /** Waits until all are given back or lost, and lets go of what is not. */
  async close(within: Duration): Promise<void> {
    if (this.#held.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#context.clock.setTimer(resolve, durationToMs(within));
        this.#whenEmpty = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const { lock } of [...this.#held.values()]) lock.stopRenewing();
  }

  async #leave(ticket: LockTicket, ttlMs: number): Promise<LeaveReply> {
    const { abandoned, commands, events } = this.#context;
    try {
      return await commands.leave(ticket);
    } catch (error) {
      events.emit({ type: 'release-failed', ...ticket, error });
      void abandoned.giveBack(ticket, ttlMs);
      throw error;
    }
  }

  #ended({ key, owner, ttlMs }: Lock, reason: LockLostReason): void {
    const { abandoned, clock, events } = this.#context;
    const held = this.#held.get(owner);
    if (held === undefined) return;
    this.#held.delete(owner);
    held.stopReading();
    if (reason === 'released')
      events.emit({ type: 'released', key, owner, heldMs: clock.monotonicMs() - held.sinceMs });
    else if (reason === 'detached') events.emit({ type: 'detached', key, owner });
    else events.emit({ type: 'lost', key, owner, reason });
    // So that nobody waits for a lease that is not used.
    if (reason === 'expired') void abandoned.giveBack({ key, owner }, ttlMs);
    if (this.#held.size === 0) this.#whenEmpty?.();
  }
}
