import type { Clock } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';

/** How long a comparison with the server's clock is good for; then the next use repeats it, without waiting. */
const GOOD_FOR_MS = 10_000;

/**
 * The Redis server's clock, as this process knows it: the offset between `TIME` and the own monotonic clock.
 *
 * Wall clocks of this process decide nothing. The offset may be late by the time that the reply took, so entries seem
 * to live longer by that much; Redis itself removes them in time.
 */
export class ServerClock {
  readonly #stopHearing: () => void;
  #offsetMs = 0;
  #comparedAtMs = -Infinity;
  #comparing: Promise<void> | undefined;

  constructor(
    private readonly redis: RedisPort,
    private readonly clock: Clock,
  ) {
    this.#stopHearing = redis.onStateChange(() => (this.#comparedAtMs = -Infinity));
  }

  /** `undefined` when the clock may be used at once; else resolves when it may, or rejects as the Redis port does. */
  sync(): Promise<void> | undefined {
    if (this.clock.monotonicMs() - this.#comparedAtMs < GOOD_FOR_MS) return undefined;
    this.#comparing ??= this.#compare().finally(() => (this.#comparing = undefined));
    if (this.#comparedAtMs === -Infinity) return this.#comparing;
    this.#comparing.catch(() => {
      // The old offset still serves, and the command that goes with this one tells of the fault.
    });
    return undefined;
  }

  /** What is to be added to a moment of the monotonic clock for the server's milliseconds since 1970. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Leaves the port alone. */
  close(): void {
    this.#stopHearing();
  }

  async #compare(): Promise<void> {
    const [seconds, microseconds] = (await this.redis.send('TIME', [])) as [Buffer, Buffer];
    const serverMs = Number(seconds.toString()) * 1_000 + Number(microseconds.toString()) / 1_000;
    this.#comparedAtMs = this.clock.monotonicMs();
    this.#offsetMs = serverMs - this.#comparedAtMs;
  }
}
