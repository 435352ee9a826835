import { RedisReplyError, type RedisPort } from '@nest-strata/redis';
import { claimMessages, type Claim } from './claim-messages.script.js';
import { buryMessage, releaseMessage, removeConsumers, renewMessages } from './settle-message.scripts.js';
import { parseRead, type StreamEntry } from './stream-entry.js';

/** What a {@link StreamGroup} reads, for whom. */
export interface StreamGroupSettings {
  readonly redis: RedisPort;
  readonly stream: string;
  readonly dead: string;
  readonly group: string;
  /** This process. */
  readonly consumer: string;
  readonly startAt: 'oldest' | 'now';
}

/** About how many dead letters a channel keeps. */
const KEEP_DEAD = 10_000;
/** After how long a consumer with nothing left is removed. */
const CONSUMER_IDLE_MS = 24 * 60 * 60_000;
/** A dead letter tells no more of what went wrong. */
const MAX_REASON_LENGTH = 1_000;

/** One group of those who read a stream, as this process takes part in it. */
export class StreamGroup {
  readonly #settings: StreamGroupSettings;
  #isThere = false;
  #wasThere = false;

  constructor(settings: StreamGroupSettings) {
    this.#settings = settings;
  }

  /** New messages, which are with this process from now on. */
  async read(count: number): Promise<StreamEntry[]> {
    const { redis, stream, group, consumer } = this.#settings;
    const args = ['GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>'];
    return parseRead(await this.#inGroup(() => redis.send('XREADGROUP', args)));
  }

  /** Messages of which nobody has given a sign of life for `idleMs`. */
  async claim(count: number, idleMs: number, maxDeliveries: number): Promise<Claim> {
    const { redis, stream, dead, group, consumer } = this.#settings;
    const args = { group, consumer, idleMs, count, maxDeliveries, keepDead: KEEP_DEAD };
    return this.#inGroup(() => redis.run(claimMessages, { stream, dead }, args));
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    const { redis, stream, group } = this.#settings;
    await redis.send('XACK', [stream, group, ...ids]);
  }

  async renew(ids: readonly string[]): Promise<void> {
    const { redis, stream, group, consumer } = this.#settings;
    await redis.run(renewMessages, { stream }, { group, consumer, ids: ids.join(',') });
  }

  /** Gives a message back; for `idleMs` it counts as silent already. */
  async release(id: string, idleMs: number): Promise<void> {
    const { redis, stream, group, consumer } = this.#settings;
    await redis.run(releaseMessage, { stream }, { group, consumer, id, idleMs });
  }

  async bury({ id, channel, message, delivery }: StreamEntry, reason: string): Promise<void> {
    const { redis, stream, dead, group } = this.#settings;
    const args = {
      group,
      id,
      channel,
      message,
      deliveries: delivery,
      reason: reason.slice(0, MAX_REASON_LENGTH),
      keepDead: KEEP_DEAD,
    };
    await redis.run(buryMessage, { stream, dead }, args);
  }

  /** Takes this process out of the group, if it has nothing left. */
  async leave(): Promise<void> {
    await this.#removeConsumers(this.#settings.consumer);
  }

  /** Makes the group if it is not there, or no more: after a flush it begins with all that there is. */
  async #inGroup<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
    if (!this.#isThere) await this.#make();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RedisReplyError) || !error.reply.includes('NOGROUP')) throw error;
      this.#isThere = false;
      await this.#make();
      return ask();
    }
  }

  async #make(): Promise<void> {
    const { redis, stream, group, startAt } = this.#settings;
    const from = startAt === 'now' && !this.#wasThere ? '$' : '0';
    try {
      await redis.send('XGROUP', ['CREATE', stream, group, from, 'MKSTREAM']);
    } catch (error) {
      if (!(error instanceof RedisReplyError) || error.replyCode !== 'BUSYGROUP') throw error;
      await this.#removeConsumers('');
    }
    this.#isThere = true;
    this.#wasThere = true;
  }

  async #removeConsumers(consumer: string): Promise<void> {
    const { redis, stream, group } = this.#settings;
    await redis.run(removeConsumers, { stream }, { group, consumer, idleMs: CONSUMER_IDLE_MS });
  }
}
