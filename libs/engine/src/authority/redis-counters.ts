import { RedisReplyError } from '@nest-strata/redis';
import type { KeyAnnouncement, RedisPort } from '@nest-strata/redis';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';
import { toPx } from '../tiers/redis-ttl.js';
import { announcementArgs } from '../scripts/announcement.js';
import { incrementScript } from '../scripts/increment.script.js';
import { NotACounterError } from './not-a-counter.error.js';

/** The counters of a namespace: plain integers under value keys, each with a companion that ties it to `clear()`. */
export class RedisCounters {
  constructor(
    private readonly redis: RedisPort,
    private readonly keySpace: KeySpace,
    private readonly announcement: () => KeyAnnouncement | undefined,
  ) {}

  async increment(key: string, by: number, ttlMs: number, clearVersion: string): Promise<number> {
    try {
      return await this.redis.run(
        incrementScript,
        { ...this.#keys(key), lease: this.keySpace.leaseKey(key) },
        { by, ttlMs: toPx(ttlMs) ?? 0, clearVersion, ...announcementArgs(this.announcement()) },
      );
    } catch (error) {
      if (error instanceof RedisReplyError && error.message.includes('NOTACOUNTER')) throw new NotACounterError(key);
      throw error;
    }
  }

  /** Gives a counter a new time to live. */
  async touch(key: string, ttlMs: number): Promise<boolean> {
    const { value, companion } = this.#keys(key);
    const set = (redisKey: string) =>
      ttlMs === Infinity
        ? this.redis.send('PERSIST', [redisKey])
        : this.redis.send('PEXPIRE', [redisKey, toPx(ttlMs) ?? 0]);
    await Promise.all([set(value), set(companion)]);
    return true;
  }

  /** The counter with the time that it has left, if the cache was not cleared since it was made. */
  async ifValid(key: string, counter: CacheEntry, clearVersion: string | undefined): Promise<CacheEntry | undefined> {
    const { value, companion } = this.#keys(key);
    const [[madeAt], leftMs] = await Promise.all([this.redis.read([companion]), this.redis.send('PTTL', [value])]);
    if (clearVersion === undefined || madeAt?.toString('latin1') !== clearVersion || leftMs === -2) return undefined;
    const goneAtMs = leftMs === -1 ? Infinity : counter.createdAtMs + Number(leftMs);
    return { ...counter, freshUntilMs: goneAtMs, goneAtMs };
  }

  #keys(key: string): { value: string; companion: string } {
    return { value: this.keySpace.valueKey(key), companion: this.keySpace.counterKey(key) };
  }
}
