import type { Clock } from '@nest-strata/core';
import { RedisReplyError } from '@nest-strata/redis';
import type { KeyAnnouncement, RedisPort } from '@nest-strata/redis';
import type { FailureTerms, LoadClaim } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { RedisTicket } from '../authority/redis-ticket.js';
import type { Codec } from '../codec/codec.port.js';
import { ENVELOPE_FIXED_BYTES } from '../envelope/envelope.js';
import type { KeySpace } from '../keys/key-space.js';
import { announcementArgs } from '../scripts/announcement.js';
import { releaseLeaseScript } from '../scripts/release-lease.script.js';
import { seizeLeaseScript } from '../scripts/seize-lease.script.js';
import { toVersion } from '../scripts/version-reply.js';
import type { TagRecords } from '../tags/tag-records.js';
import { decodeFailure, encodeFailure } from './failure-record.js';
import { LEASE_MS } from './held-leases.js';
import type { HeldLeases } from './held-leases.js';

/** A failure stands for no longer, whatever is asked for. */
const MAX_FAILURE_MS = 24 * 3_600_000;

/** What was there when the lease was taken, as scripts compare it. */
const NOTHING = Buffer.alloc(0);

/**
 * The leases of a namespace: at most one load per key in all processes, and none that stores what an eviction has made
 * outdated. A lease is a key with an owner's token beside the value's.
 *
 * What is taken is taken by plain commands, so that this process is not told of it by itself, and a word about the lease
 * always means another. Where changes are announced, nobody hears of its own, and a value that goes is announced, too.
 */
export class RedisLeases {
  constructor(
    private readonly redis: RedisPort,
    private readonly keys: KeySpace,
    private readonly records: TagRecords,
    private readonly held: HeldLeases,
    private readonly codec: Codec,
    private readonly clock: Clock,
    private readonly announcement: () => KeyAnnouncement | undefined,
  ) {}

  /** Asks for the leases of all keys in one trip, with the versions of the tags; without `seen`, takes them. */
  async claim(
    keys: readonly string[],
    seen: readonly (Buffer | undefined)[] | undefined,
    tags: readonly string[],
    lifeMs: number,
  ): Promise<LoadClaim<RedisTicket>[]> {
    const tokens = keys.map(() => this.held.newToken());
    try {
      return await this.#claim(keys, tokens, seen, tags, lifeMs);
    } catch (error) {
      // What was granted has nobody who would end it. Who asked need not wait for that.
      for (const [index, key] of keys.entries()) void this.#tryToGiveBack(key, tokens[index] ?? '');
      throw error;
    }
  }

  /** Takes the lease from whoever holds it, and removes the value. */
  async seize(key: string, tags: readonly string[], lifeMs: number): Promise<RedisTicket> {
    const token = this.held.newToken();
    const sentAtMs = this.clock.monotonicMs();
    const [versions, takenAt] = await Promise.all([
      this.records.take(tags, lifeMs),
      this.#serverTime(),
      this.#seize(this.keys.valueKey(key), this.keys.leaseKey(key), token),
    ]);
    this.held.hold(this.keys.leaseKey(key), token, sentAtMs);
    return { tags, lifeMs, versions, takenAt, lease: { token, seen: NOTHING } };
  }

  async release(key: string, { lease, versions }: RedisTicket, failure?: FailureTerms): Promise<void> {
    if (lease === undefined) return;
    const stands = failure !== undefined && failure.forMs > 0;
    const record = stands ? encodeFailure(failure, versions.clear, this.codec) : '';
    const recordMs = stands ? Math.ceil(Math.min(failure.forMs, MAX_FAILURE_MS)) : 0;
    await this.#giveBack(this.keys.leaseKey(key), lease.token, record, recordMs);
  }

  /** Removes the record of a failure, unless something else has come in its place. */
  async forgive(key: string, record: Buffer): Promise<void> {
    await this.#replace(this.keys.leaseKey(key), record, '', 0);
  }

  async #giveBack(leaseKey: string, token: string, record: Buffer | '' = '', recordMs = 0): Promise<void> {
    this.held.letGo(leaseKey, token);
    await this.#replace(leaseKey, token, record, recordMs);
  }

  async #replace(leaseKey: string, token: string | Buffer, record: Buffer | '', recordMs: number): Promise<void> {
    const args = { token, record, recordMs, ...announcementArgs(this.announcement()) };
    await this.redis.run(releaseLeaseScript, { lease: leaseKey }, args);
  }

  /** A lease that cannot be given back ends by itself: it is not renewed. */
  async #tryToGiveBack(key: string, token: string): Promise<void> {
    try {
      await this.#giveBack(this.keys.leaseKey(key), token);
    } catch {
      // Why is told to who asked for it.
    }
  }

  /** Gives back the leases of this namespace, so that other processes need not wait for their end. */
  async close(): Promise<void> {
    await Promise.allSettled(
      this.held
        .ofPrefix(this.keys.leaseOf('').slice(0, -2))
        .map(([leaseKey, token]) => this.#giveBack(leaseKey, token)),
    );
  }

  /** The lease was ended together with a write. */
  forget(key: string, { lease }: RedisTicket): void {
    if (lease !== undefined) this.held.letGo(this.keys.leaseKey(key), lease.token);
  }

  async #claim(
    keys: readonly string[],
    tokens: readonly string[],
    seen: readonly (Buffer | undefined)[] | undefined,
    tags: readonly string[],
    lifeMs: number,
  ): Promise<LoadClaim<RedisTicket>[]> {
    const sentAtMs = this.clock.monotonicMs();
    const [versions, takenAt, ...attempts] = await Promise.all([
      this.records.take(tags, lifeMs),
      this.#serverTime(),
      ...keys.map((key, index) => this.#attempt(key, tokens[index] ?? '', seen === undefined)),
    ]);
    return Promise.all(
      attempts.map(async ({ key, token, isGranted, holder, header }, index): Promise<LoadClaim<RedisTicket>> => {
        if (!isGranted) return this.#refused(key, holder, versions.clear);
        if (seen !== undefined && !header.equals(seen[index] ?? NOTHING)) {
          await this.#tryToGiveBack(key, token);
          return { kind: 'changed' };
        }
        this.held.hold(this.keys.leaseKey(key), token, sentAtMs);
        return { kind: 'granted', ticket: { tags, lifeMs, versions, takenAt, lease: { token, seen: header } } };
      }),
    );
  }

  async #seize(value: string, lease: string, token: string): Promise<void> {
    const announcement = this.announcement();
    if (announcement === undefined) {
      const taken = this.redis.send('SET', [lease, token, 'PX', LEASE_MS]);
      await Promise.all([taken, this.redis.send('UNLINK', [value])]);
    } else {
      const args = { token, leaseMs: LEASE_MS, ...announcementArgs(announcement) };
      await this.redis.run(seizeLeaseScript, { value, lease }, args);
    }
  }

  async #attempt(key: string, token: string, isForced: boolean) {
    const leaseKey = this.keys.leaseKey(key);
    const [granted, holder, header] = await Promise.all([
      this.redis.send('SET', [leaseKey, token, ...(isForced ? [] : ['NX']), 'PX', LEASE_MS]),
      this.redis.send('GET', [leaseKey]),
      this.#header(key),
    ]);
    return { key, token, isGranted: granted !== null, holder: holder as Buffer | null, header };
  }

  /** What is no string is none of ours, and goes. */
  async #header(key: string): Promise<Buffer> {
    const valueKey = this.keys.valueKey(key);
    try {
      return (await this.redis.send('GETRANGE', [valueKey, 0, ENVELOPE_FIXED_BYTES - 1])) as Buffer;
    } catch (error) {
      if (!(error instanceof RedisReplyError && error.reply.startsWith('WRONGTYPE'))) throw error;
      await this.redis.send('UNLINK', [valueKey]);
      return NOTHING;
    }
  }

  async #refused(key: string, holder: Buffer | null, clearVersion: string): Promise<LoadClaim<RedisTicket>> {
    if (holder === null) return { kind: 'changed' };
    const failure = decodeFailure(holder, this.codec);
    if (failure !== undefined) {
      const isShared = failure.isShared && failure.clearVersion >= clearVersion;
      return { kind: 'failed', error: failure.error, isShared, record: holder };
    }
    return { kind: 'held', leftMs: await this.#timeLeft(key) };
  }

  /** Where it cannot be asked for, all that a lease has. */
  async #timeLeft(key: string): Promise<number> {
    try {
      return Math.max(0, Number(await this.redis.send('PTTL', [this.keys.leaseKey(key)])));
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      return LEASE_MS;
    }
  }

  async #serverTime(): Promise<string> {
    const [seconds, microseconds] = (await this.redis.send('TIME', [])) as [Buffer, Buffer];
    return toVersion(Number(seconds.toString()) * 1_000_000 + Number(microseconds.toString()));
  }
}
