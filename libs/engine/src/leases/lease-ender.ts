import type { RedisPort } from '@nest-strata/redis';

/**
 * Ends the leases of keys that are being set, whoever holds them: an older load must not store over the new value.
 *
 * The leases of one tick of the event loop go in one command, together with the `SET`s and after them.
 */
export class LeaseEnder {
  #waiting: { readonly leaseKeys: string[]; readonly ended: Promise<unknown> } | undefined;

  constructor(private readonly redis: RedisPort) {}

  /** Must be called before the `SET` is sent, in the same tick. */
  end(leaseKey: string): Promise<unknown> {
    this.#waiting ??= this.#begin();
    this.#waiting.leaseKeys.push(leaseKey);
    return this.#waiting.ended;
  }

  #begin(): { leaseKeys: string[]; ended: Promise<unknown> } {
    const leaseKeys: string[] = [];
    const ended = new Promise<unknown>((resolve, reject) => {
      process.nextTick(() => {
        this.#waiting = undefined;
        this.redis.send('DEL', leaseKeys).then(resolve, reject);
      });
    });
    return { leaseKeys, ended };
  }
}
