import type { Clock, Random } from '@nest-strata/core';
import type { RedisLink } from '../connection/redis-link.js';
import { waitAtMost } from '../deadline/wait-at-most.js';
import { changeForAMoment } from './tracking-commands.js';

/** How long the push of a change that we made ourselves may take. */
const TIMEOUT_MS = 500;
const KEY_BYTES = 8;

/** The server accepts what it is asked for, but does not do it. */
export class UnkeptPromise extends Error {}

/** Sees for itself, by a change of its own, that a server which accepts `CLIENT TRACKING` tells of changes. */
export class FirstPush {
  #awaited: { readonly key: string; readonly arrived: () => void } | undefined;
  #isProven = false;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Whether a push was seen to come, or cannot be provoked: where no change is permitted, the server is believed. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /**
   * Changes a key that begins with `prefix` over a connection that tracks it. `ping` asks the subscriber, whom a server
   * that tells has told before it answers; a proxy may need longer.
   *
   * @throws UnkeptPromise when no push comes
   */
  async provoke(link: RedisLink, prefix: string, ping: () => Promise<void>, timeoutMs: number): Promise<void> {
    const key = prefix + this.random.bytes(KEY_BYTES).toString('hex');
    const push = { hasCome: false };
    const arrival = new Promise<void>((resolve) => {
      this.#awaited = { key, arrived: () => resolve(void (push.hasCome = true)) };
    });
    if (await changeForAMoment(link, key, timeoutMs)) {
      await ping();
      await waitAtMost(TIMEOUT_MS, arrival, this.clock);
      if (!push.hasCome) throw new UnkeptPromise('the server accepts CLIENT TRACKING, but does not tell of changes');
    }
    this.#isProven = true;
  }

  /** To be called with every key that is told of; tells whether the change was the one that was made here. */
  take(key: string): boolean {
    if (key !== this.#awaited?.key) return false;
    this.#awaited.arrived();
    return true;
  }
}
