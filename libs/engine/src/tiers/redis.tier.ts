import type { Clock } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { EntryCodec } from '../envelope/entry-codec.js';
import type { EnvelopeDamage } from '../envelope/envelope-damage.js';
import { rewriteEnvelopeTimes } from '../envelope/envelope.js';
import type { KeySpace } from '../keys/key-space.js';
import { CacheTier } from './cache-tier.port.js';
import { decodeCounter } from './counter-entry.js';
import { toPx } from './redis-ttl.js';
import type { ServerClock } from './server-clock.js';

/** Hears of bytes under a value key that are no entry; they count as a miss. */
export type DamageListener = (key: string, damage: EnvelopeDamage) => void;

const KEYS_PER_UNLINK = 500;

/** Entries in Redis, one string per key. Says nothing of tags: the authority compares them with the records. */
export class RedisTier extends CacheTier {
  override readonly name = 'redis';

  constructor(
    private readonly redis: RedisPort,
    private readonly keySpace: KeySpace,
    private readonly codec: EntryCodec,
    private readonly serverClock: ServerClock,
    private readonly clock: Clock,
    private readonly onDamage: DamageListener = () => undefined,
  ) {
    super();
  }

  /** `undefined` when entries may be decoded and encoded at once; else resolves when they may. */
  sync(): Promise<void> | undefined {
    return this.serverClock.sync();
  }

  override async read(keys: readonly string[]): Promise<(CacheEntry | undefined)[]> {
    await this.serverClock.sync();
    const stored = await this.redis.read(keys.map((key) => this.keySpace.valueKey(key)));
    const nowMs = this.clock.monotonicMs();
    return stored.map((bytes, index) => (bytes === null ? undefined : this.decode(keys[index] ?? '', bytes, nowMs)));
  }

  /** The entry that stored bytes are; `undefined` when its time is over, or they are none. Needs a synchronised clock. */
  decode(key: string, stored: Buffer, nowMs: number): CacheEntry | undefined {
    const counter = decodeCounter(stored, nowMs);
    if (counter !== undefined) return counter;
    const entry = this.codec.decode(key, stored, this.serverClock.offsetMs);
    if (typeof entry === 'string') {
      this.onDamage(key, entry);
      return undefined;
    }
    return nowMs < entry.goneAtMs ? entry : undefined;
  }

  override async write(key: string, entry: CacheEntry): Promise<void> {
    const redisKey = this.keySpace.valueKey(key);
    await this.serverClock.sync();
    const leftMs = entry.goneAtMs - this.clock.monotonicMs();
    if (leftMs <= 0) {
      await this.#unlink([redisKey]);
      return;
    }
    const px = toPx(leftMs);
    await this.redis.send('SET', [redisKey, this.encode(key, entry), ...(px === undefined ? [] : ['PX', px])]);
  }

  /** The bytes to store for an entry. Needs a synchronised clock. */
  encode(key: string, entry: CacheEntry): Buffer {
    return this.codec.encode(key, entry, this.serverClock.offsetMs);
  }

  /** The header of stored bytes with other times, in milliseconds of the monotonic clock. */
  headerWithTimes(stored: Buffer, times: Pick<CacheEntry, 'freshUntilMs' | 'goneAtMs'>): Buffer {
    const { offsetMs } = this.serverClock;
    const rewritten = rewriteEnvelopeTimes(stored, {
      freshUntilMs: times.freshUntilMs + offsetMs,
      goneAtMs: times.goneAtMs + offsetMs,
    });
    if (typeof rewritten === 'string') throw new Error(`Bytes that were decoded are no envelope: ${rewritten}`);
    return rewritten;
  }

  override delete(keys: readonly string[]): Promise<number> {
    return this.#unlink(keys.map((key) => this.keySpace.valueKey(key)));
  }

  /** Removes the keys that match; returns how many there were. */
  async deleteMatching(glob: string): Promise<number> {
    let count = 0;
    for await (const { redisKeys } of this.#scan(glob)) count += await this.#unlink(redisKeys);
    return count;
  }

  override async *keys(glob: string): AsyncIterable<string[]> {
    for await (const { keys } of this.#scan(glob)) yield keys;
  }

  async *#scan(glob: string): AsyncIterable<{ keys: string[]; redisKeys: string[] }> {
    const pattern = this.keySpace.glob(glob);
    for await (const scanned of this.redis.scan(pattern.serverPattern)) {
      const keys: string[] = [];
      const redisKeys = scanned.filter((redisKey) => {
        const key = this.keySpace.userKey(redisKey);
        if (key === undefined || !pattern.matches(key)) return false;
        keys.push(key);
        return true;
      });
      if (keys.length > 0) yield { keys, redisKeys };
    }
  }

  async #unlink(redisKeys: readonly string[]): Promise<number> {
    const chunks: Promise<unknown>[] = [];
    for (let from = 0; from < redisKeys.length; from += KEYS_PER_UNLINK) {
      chunks.push(this.redis.send('UNLINK', redisKeys.slice(from, from + KEYS_PER_UNLINK)));
    }
    return (await Promise.all(chunks)).reduce<number>((count, removed) => count + Number(removed), 0);
  }
}
