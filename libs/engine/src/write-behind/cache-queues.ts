import type { RedisPort } from '@nest-strata/redis';
import type { CacheContext } from '../cache-context.js';
import { entryCodecFor } from '../envelope/entry-codec-for.js';
import { reportFault } from '../events/report-fault.js';
import { createWriteBehind } from './create-write-behind.js';
import { LostWritesError } from './lost-writes.error.js';
import type { WriteBehind } from './write-behind.js';
import type { WriteBehindOptions } from './write-behind-options.js';

/** A queue as it is closed. */
interface Closable {
  readonly name: string;
  readonly queue: Pick<WriteBehind<unknown>, 'close' | 'isDurable'>;
  closed?: Promise<void>;
}

/** The write-behind queues of one cache. */
export class CacheQueues {
  readonly #queues: Closable[] = [];

  /** @param onDead hears of the keys whose values were given up */
  constructor(
    private readonly context: CacheContext,
    private readonly redis: RedisPort | undefined,
    private readonly onDead: (key: string) => unknown,
  ) {}

  /** @throws InvalidOptionError, InvalidKeyError */
  make<T>(name: string, options: WriteBehindOptions<T>): WriteBehind<T> {
    const { keySpace, clock, random, events, options: own } = this.context;
    const queue = createWriteBehind(name, options, {
      keySpace,
      codec: entryCodecFor(own),
      redis: this.redis,
      clock,
      random,
      onEvent: (event) => {
        if (event.type === 'dead') void this.onDead(event.key);
        events.emit({ type: 'write-behind', cache: keySpace.namespace, event });
      },
    });
    this.#queues.push({ name, queue });
    return queue;
  }

  /** Drains and closes them, within `deadlineMs`; tells of what is lost with a queue in memory. */
  async close(deadlineMs: number): Promise<void> {
    await Promise.all(this.#queues.map((one) => (one.closed ??= this.#close(one, deadlineMs))));
  }

  async #close({ name, queue }: Closable, deadlineMs: number): Promise<void> {
    const { pending } = await queue.close({ deadlineMs });
    if (pending > 0 && !queue.isDurable) reportFault(this.context, 'close', new LostWritesError(name, pending));
  }
}
