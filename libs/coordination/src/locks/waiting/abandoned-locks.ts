import type { Clock, ClockTimer } from '@nest-strata/core';
import type { LockTicket } from '../held/held-lock.js';
import type { LockCommands } from './lock-commands.js';

/** How long after Redis could not be told it is tried again, in ms. */
const RETRY_MS = 100;

/**
 * Locks and places in queues that nobody wants any more, of which Redis could not be told: so that a request whose answer
 * was lost blocks nobody for longer than Redis is away. They end by themselves, too, with their ttl.
 */
export class AbandonedLocks {
  readonly #clock: Clock;
  readonly #commands: LockCommands;
  readonly #timers = new Set<ClockTimer>();
  #isClosed = false;

  constructor(clock: Clock, commands: LockCommands) {
    this.#clock = clock;
    this.#commands = commands;
  }

  /** Gives it back, now or as soon as Redis answers, but not after `withinMs`; resolves after the first attempt. */
  async giveBack(ticket: LockTicket, withinMs: number): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    try {
      await this.#commands.leave(ticket);
    } catch {
      // Said to those concerned already, by what failed before.
      const leftMs = withinMs - RETRY_MS - (this.#clock.monotonicMs() - startMs);
      if (leftMs > 0 && !this.#isClosed) this.#retry(ticket, leftMs);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #retry(ticket: LockTicket, withinMs: number): void {
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer);
      void this.giveBack(ticket, withinMs);
    }, RETRY_MS);
    this.#timers.add(timer);
  }
}
