import type { Clock } from '@nest-strata/core';
import type { KeyAnnouncement, RedisPort } from '@nest-strata/redis';
import { OwnEchoes } from '../coherence/own-echoes.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../entry/lifetime.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import type { EntryCodec } from '../envelope/entry-codec.js';
import type { EnvelopeDamage } from '../envelope/envelope-damage.js';
import { ENVELOPE_FIXED_BYTES, rewriteEnvelopeTimes } from '../envelope/envelope.js';
import type { KeySpace } from '../keys/key-space.js';
import { LeaseEnder } from '../leases/lease-ender.js';
import { announcementArgs } from '../scripts/announcement.js';
import { fillValueScript, type FillResult } from '../scripts/fill-value.script.js';
import { removeValueScript } from '../scripts/remove-value.script.js';
import { replaceHeaderScript } from '../scripts/replace-header.script.js';
import { storeValueScript, type ConditionalStore } from '../scripts/store-value.script.js';
import { CacheTier } from './cache-tier.port.js';
import { decodeCounter } from './counter-entry.js';
import { toPx } from './redis-ttl.js';
import type { ServerClock } from './server-clock.js';

/** Hears of bytes under a value key that are no entry; they count as a miss. */
export type DamageListener = (key: string, damage: EnvelopeDamage) => void;

const NO_VERSION = Buffer.from(NO_SOURCE_VERSION, 'hex');
const KEYS_PER_UNLINK = 500;

/**
 * Entries in Redis, one string per key. Says nothing of tags: the authority compares them with the records.
 *
 * Every write ends the lease of the key's load, whose value would be older. Where Redis tells of changes itself, writes are
 * plain commands, which it does not tell this process of; else they are scripts that announce them.
 */
export class RedisTier extends CacheTier {
  override readonly name = 'redis';
  readonly #leases: LeaseEnder;

  constructor(
    private readonly redis: RedisPort,
    private readonly keySpace: KeySpace,
    private readonly codec: EntryCodec,
    private readonly serverClock: ServerClock,
    private readonly clock: Clock,
    private readonly onDamage: DamageListener = () => undefined,
    private readonly announcement: () => KeyAnnouncement | undefined = () => undefined,
    private readonly echoes = new OwnEchoes(clock, () => false),
  ) {
    super();
    this.#leases = new LeaseEnder(redis);
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
    await this.store(key, entry);
  }

  /** Stores an entry unless there is one with a higher source version. */
  async store(key: string, entry: CacheEntry): Promise<ConditionalStore> {
    await this.serverClock.sync();
    const leftMs = entry.goneAtMs - this.clock.monotonicMs();
    if (leftMs <= 0) {
      await this.delete([key]);
      return 'stored';
    }
    if (this.announcement() !== undefined || entry.sourceVersion !== NO_SOURCE_VERSION) {
      return this.storeOver(key, entry, undefined);
    }
    const px = toPx(leftMs);
    const args = [this.keySpace.valueKey(key), this.encode(key, entry), ...(px === undefined ? [] : ['PX', px])];
    const leaseEnded = this.#leases.end(this.keySpace.leaseKey(key));
    await Promise.all([this.redis.send('SET', args), leaseEnded]);
    return 'stored';
  }

  /** Stores an entry over what was seen, as stored bytes or their beginning, `undefined`: over anything. Needs a synchronised clock. */
  storeOver(key: string, entry: CacheEntry, seen: Buffer | undefined): Promise<ConditionalStore> {
    const args = {
      condition: seen === undefined ? 'any' : 'seen',
      seen: seen?.subarray(0, ENVELOPE_FIXED_BYTES) ?? '',
      ...this.#storedForm(key, entry),
    };
    const store = () => this.redis.run(storeValueScript, this.#valueAndLease(key), args);
    return this.#echoing(key, store, (result) => result === 'stored');
  }

  /** Stores what a load brought, if its lease is still held and the value is the one that was there when it was taken. */
  async fill(key: string, entry: CacheEntry, lease: { token: string; seen: Buffer }): Promise<FillResult> {
    await this.serverClock.sync();
    const args = { token: lease.token, seen: lease.seen, ...this.#storedForm(key, entry) };
    const fill = () => this.redis.run(fillValueScript, this.#valueAndLease(key), args);
    return this.#echoing(key, fill, (result) => result === 'stored');
  }

  /**
   * Gives an entry other times, unless it was written since it was seen.
   *
   * @param stored the bytes that were seen, all of them
   * @param keptForMs how long Redis keeps it from now on; `undefined`: as it is
   * @param lease the token that its lease must have; `any`: ends whatever lease there is; `none`: leaves it
   */
  replaceTimes(key: string, stored: Buffer, times: Lifetime, keptForMs: number | undefined, lease: string) {
    const { offsetMs } = this.serverClock;
    const rewritten = rewriteEnvelopeTimes(stored, {
      createdAtMs: times.createdAtMs + offsetMs,
      freshUntilMs: times.freshUntilMs + offsetMs,
      goneAtMs: times.goneAtMs + offsetMs,
    });
    if (typeof rewritten === 'string') throw new Error(`Bytes that were decoded are no envelope: ${rewritten}`);
    const args = {
      seen: stored.subarray(0, ENVELOPE_FIXED_BYTES),
      header: rewritten,
      ttlMs: keptForMs === undefined ? -1 : (toPx(keptForMs) ?? 0),
      lease,
      ...announcementArgs(this.announcement()),
    };
    const replace = () => this.redis.run(replaceHeaderScript, this.#valueAndLease(key), args);
    return this.#echoing(key, replace, (isReplaced) => isReplaced);
  }

  /** The bytes to store for an entry. Needs a synchronised clock. */
  encode(key: string, entry: CacheEntry): Buffer {
    return this.codec.encode(key, entry, this.serverClock.offsetMs);
  }

  override delete(keys: readonly string[]): Promise<number> {
    return this.#remove(keys.map((key) => this.keySpace.valueKey(key)));
  }

  /** Ends the lease of a key that has no entry; what keeps lower source versions out stays. */
  async endLoad(key: string): Promise<void> {
    const args = { version: NO_VERSION, floor: '', floorMs: 0, ...announcementArgs(this.announcement()) };
    const end = () => this.redis.run(removeValueScript, this.#valueAndLease(key), args);
    await this.#echoing(key, end, (removed) => removed > 0);
  }

  /** Removes an entry with this or a lower source version, and keeps such ones out until the floor is gone. */
  async deleteVersion(key: string, floor: CacheEntry, floorMs: number): Promise<number> {
    await this.serverClock.sync();
    const args = {
      version: Buffer.from(floor.sourceVersion, 'hex'),
      floor: this.encode(key, floor),
      floorMs: toPx(floorMs) ?? 0,
      ...announcementArgs(this.announcement()),
    };
    const remove = () => this.redis.run(removeValueScript, this.#valueAndLease(key), args);
    return this.#echoing(key, remove, (removed) => removed > 0);
  }

  /**
   * Removes the keys that match; returns how many there were. It passes twice: what a load stored behind the back of the
   * first pass is seen by the second, and one that was under way in between has lost its lease.
   */
  async deleteMatching(glob: string): Promise<number> {
    return (await this.#deleteMatchingOnce(glob)) + (await this.#deleteMatchingOnce(glob));
  }

  override async *keys(glob: string): AsyncIterable<string[]> {
    const pattern = this.keySpace.glob(glob);
    for await (const scanned of this.redis.scan(pattern.serverPattern)) {
      const keys = scanned
        .map((redisKey) => this.keySpace.userKey(redisKey))
        .filter((key) => key !== undefined && pattern.matches(key)) as string[];
      if (keys.length > 0) yield keys;
    }
  }

  async #deleteMatchingOnce(glob: string): Promise<number> {
    const pattern = this.keySpace.glob(glob);
    let count = 0;
    for await (const scanned of this.redis.scan(this.keySpace.patternWithLeases(glob))) {
      const valueKeys = new Set<string>();
      for (const redisKey of scanned) {
        const meaning = this.keySpace.meaningOf(redisKey);
        if (meaning !== undefined && 'key' in meaning && pattern.matches(meaning.key)) valueKeys.add(meaning.valueKey);
      }
      count += await this.#remove([...valueKeys]);
    }
    return count;
  }

  /** Leases first: in whatever moment a load stores its value between the two, it is refused or removed. */
  async #remove(valueKeys: readonly string[]): Promise<number> {
    const announcement = this.announcement();
    if (announcement !== undefined) return this.#removeAloud(valueKeys, announcement);
    const leases = this.#unlink(valueKeys.map((valueKey) => this.keySpace.leaseOf(valueKey)));
    const [, removed] = await Promise.all([leases, this.#unlink(valueKeys)]);
    return removed;
  }

  async #removeAloud(valueKeys: readonly string[], announcement: KeyAnnouncement): Promise<number> {
    const args = { version: '', floor: '', floorMs: 0, ...announcementArgs(announcement) };
    const removed = valueKeys.map((value) =>
      this.redis.run(removeValueScript, { value, lease: this.keySpace.leaseOf(value) }, args),
    );
    return sum(await Promise.all(removed));
  }

  async #unlink(redisKeys: readonly string[]): Promise<number> {
    const chunks: Promise<unknown>[] = [];
    for (let from = 0; from < redisKeys.length; from += KEYS_PER_UNLINK) {
      chunks.push(this.redis.send('UNLINK', redisKeys.slice(from, from + KEYS_PER_UNLINK)));
    }
    return sum((await Promise.all(chunks)).map(Number));
  }

  /** Redis will tell of the change by the name that it has there. */
  #echoing<Result>(key: string, script: () => Promise<Result>, hasChanged: (result: Result) => boolean) {
    return this.echoes.during(this.keySpace.listedKey(key), script, hasChanged);
  }

  #valueAndLease(key: string): { value: string; lease: string } {
    return { value: this.keySpace.valueKey(key), lease: this.keySpace.leaseKey(key) };
  }

  /** The arguments of the scripts that store an entry. */
  #storedForm(key: string, entry: CacheEntry) {
    const hasVersion = entry.sourceVersion !== NO_SOURCE_VERSION;
    return {
      bytes: this.encode(key, entry),
      ttlMs: toPx(entry.goneAtMs - this.clock.monotonicMs()) ?? 0,
      version: hasVersion ? Buffer.from(entry.sourceVersion, 'hex') : '',
      ...announcementArgs(this.announcement()),
    };
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
