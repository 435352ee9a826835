import type { Clock, Random } from '@nest-strata/core';
import { RedisReplyError, RedisUnavailableError } from '@nest-strata/redis';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import { InvalidKeyError } from '../keys/invalid-key.error.js';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import { BatchPersister } from './batch-persister.js';
import { BatchRunner } from './batch-runner.js';
import { Drainer } from './drainer.js';
import { RetrySchedule } from './retry-schedule.js';
import { SettlementWait } from './settlement-wait.js';
import { stayAliveFor } from './stay-alive.js';
import type { TellEvent } from './write-behind-event.js';
import type { ResolvedWriteBehindOptions } from './write-behind-options.js';
import type {
  AcceptOptions,
  DeadLetter,
  PendingWrite,
  RefusalReason,
  WriteBehindOutcome,
} from './write-behind-outcome.js';
import { newCounts } from './write-behind-stats.js';
import type { WriteBehindStats } from './write-behind-stats.js';
import type { WriteCodec } from './write-codec.js';
import { versionOf } from './write-id.js';
import type { RedriveOutcome, StoredLetter, WriteQueue } from './write-queue.port.js';

/** What a {@link WriteBehind} is put together from; `createWriteBehind` does. */
export interface WriteBehindParts<T> {
  readonly queue: WriteQueue;
  readonly codec: WriteCodec<T>;
  readonly options: ResolvedWriteBehindOptions<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: TellEvent;
}

const DEFAULT_DEADLINE_MS = 5_000;
/** How long values that wait may take on their way to the database, besides the interval. */
const SETTLEMENT_MS = 5_000;
const IDEMPOTENCY_KEY_BYTES = 16;

/**
 * Takes values at once and brings them into the database a moment later: in batches, per key only the newest, each at least
 * once and in the order in which they were accepted.
 *
 * **With Redis** a value is accepted once it is in a stream there. It then survives every process; how well it survives
 * Redis is up to Redis: its append-only file, its replicas, and a memory policy that does not evict (`noeviction` or
 * `volatile-…`). One process at a time persists what all have accepted; when it crashes or hangs, another goes on within
 * about 2 s and repeats what was not recorded. A process that is stopped in the middle of a batch can still finish it late,
 * after others have persisted newer values: store {@link WriteToPersist.version} with the row and update only where the
 * stored one is lower.
 *
 * **Without Redis** values wait in the memory of this process. A crash loses those that wait: with a database that keeps up,
 * what was accepted within the last `interval` and the time that two batches take; otherwise up to `maxPending` values.
 *
 * Whoever reads the database asks {@link pending} first, else it reads what was there before the last writes. What fails
 * `maxAttempts` times becomes a dead letter, and readers get what the database has.
 */
export class WriteBehind<T> {
  readonly #parts: WriteBehindParts<T>;
  readonly #counts = newCounts();
  readonly #drainer: Drainer;
  #closed: Promise<{ readonly pending: number }> | undefined;

  constructor(parts: WriteBehindParts<T>) {
    this.#parts = parts;
    const retries = new RetrySchedule();
    const persister = new BatchPersister(parts.options, parts.clock);
    const runner = new BatchRunner({ ...parts, persister, retries, counts: this.#counts });
    this.#drainer = new Drainer({ ...parts, runner, retries });
    this.#drainer.start();
  }

  /**
   * Offers the newest value of a key. Never rejects for a fault of Redis: the outcome tells it, within the deadline of the
   * Redis port.
   *
   * @throws InvalidKeyError when `key` is empty or no string
   * @throws InvalidOptionError when the idempotency key is empty or no string
   * @throws UnsupportedValueError when the value cannot be brought back as what it is
   */
  async accept(key: string, value: T, options: AcceptOptions = {}): Promise<WriteBehindOutcome> {
    const { queue, codec, tell } = this.#parts;
    checkKey(key);
    const idempotencyKey = this.#idempotencyKey(options);
    const refuse = (reason: RefusalReason): WriteBehindOutcome => {
      this.#counts.refused++;
      return { accepted: false, reason, idempotencyKey };
    };
    if (this.#closed !== undefined) return refuse('closed');
    try {
      const reply = await queue.accept(key, idempotencyKey, codec.encode(key, value));
      if (queue.isOwned || !reply.isDrained) this.#drainer.wake();
      if (reply.result === 'full') return refuse('full');
      const { id, result } = reply;
      if (result !== 'known') {
        this.#counts.accepted++;
        if (result === 'replaced') this.#counts.coalesced++;
        tell({ type: 'accepted', key, id });
      }
      return { accepted: true, id, version: versionOf(id), idempotencyKey, repeated: result === 'known' };
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== 'value-too-large') tell({ type: 'error', operation: 'accept', error });
      return refuse(reason);
    }
  }

  /**
   * The newest accepted value of a key that is not known to be in the database; `undefined`: there is none, or it cannot be
   * read. Every value that was accepted before the call is seen by it, or by a read of the database that begins after it.
   *
   * @throws RedisUnavailableError, RedisReplyError: it cannot be known; the database may be behind
   */
  async pending(key: string): Promise<PendingWrite<T> | undefined> {
    const [found] = await this.pendingMany([key]);
    return found;
  }

  /** As {@link pending}, for many keys in one trip; in their order. */
  async pendingMany(keys: readonly string[]): Promise<(PendingWrite<T> | undefined)[]> {
    const { queue, codec } = this.#parts;
    keys.forEach(checkKey);
    if (keys.length === 0) return [];
    const found = await queue.newest(keys);
    return found.map((write) => {
      if (write === undefined) return undefined;
      const decoded = codec.decode(write.key, write.bytes);
      if (typeof decoded === 'string') return undefined;
      return { value: decoded.value, id: write.id, version: versionOf(write.id) };
    });
  }

  /**
   * Resolves once nothing that was accepted for these keys before the call waits any more: each value, or a newer one of
   * its key, is in the database or has become a dead letter. To be awaited before a key is written past the queue, else
   * an older value comes into the database after that write.
   *
   * A value that is accepted after the call does not count. Nor does a call of `persist` that was given up, after
   * `persistTimeout` or by a process that was stopped in the middle of it, and goes on all the same.
   *
   * @param withinMs default: the `interval` and 5 s
   * @throws UnsettledWritesError when that takes longer; RedisUnavailableError, RedisReplyError: it cannot be known
   */
  async settled(
    keys: readonly string[] | 'all',
    { withinMs = this.#parts.options.intervalMs + SETTLEMENT_MS }: { readonly withinMs?: number } = {},
  ): Promise<void> {
    const { queue, clock } = this.#parts;
    if (keys !== 'all') keys.forEach(checkKey);
    if (keys.length === 0) return;
    const wait = await SettlementWait.begin(queue, keys);
    if (wait !== undefined) await stayAliveFor(this.#drainer.hurryFor(wait.end(withinMs, clock)));
  }

  /** The oldest dead letters. @throws RedisUnavailableError, RedisReplyError */
  async deadLetters(limit = 100): Promise<DeadLetter<T>[]> {
    const letters = await this.#parts.queue.deadLetters(limit);
    return letters.map((letter) => this.#toDeadLetter(letter));
  }

  /**
   * Puts dead letters into the queue again, with all their attempts before them. They keep their ids and versions, so a
   * database that compares versions does not fall back to them where it has newer values; one that does not may.
   *
   * @throws RedisUnavailableError, RedisReplyError; some letters may be in the queue again all the same
   */
  async redrive(letterIds: readonly string[] | 'all'): Promise<RedriveOutcome> {
    const outcome = await this.#parts.queue.redrive(letterIds);
    this.#drainer.wake();
    return outcome;
  }

  /** Deletes dead letters, which are lost then; returns how many there were. @throws RedisUnavailableError, RedisReplyError */
  discard(letterIds: readonly string[]): Promise<number> {
    return this.#parts.queue.discard(letterIds);
  }

  /** Whether what waits survives the end of this process. */
  get isDurable(): boolean {
    return this.#parts.queue.isDurable;
  }

  stats(): WriteBehindStats {
    return Object.freeze({ ...this.#counts, pending: this.#parts.queue.pendingCount });
  }

  /**
   * Accepts no more, persists what waits, and lets another process go on at once. After the deadline (default 5 s) it ends
   * all the same: a batch that is under way is aborted and counts as not persisted.
   *
   * Returns how many keys wait still. With Redis they are in the stream, and the next process persists them; without, they
   * are lost. Never rejects; can be called twice.
   */
  close({ deadlineMs = DEFAULT_DEADLINE_MS }: { readonly deadlineMs?: number } = {}): Promise<{
    readonly pending: number;
  }> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<{ readonly pending: number }> {
    await stayAliveFor(this.#drainer.close(deadlineMs));
    return { pending: this.#parts.queue.pendingCount };
  }

  #idempotencyKey({ idempotencyKey }: AcceptOptions): string {
    if (idempotencyKey === undefined) return this.#parts.random.bytes(IDEMPOTENCY_KEY_BYTES).toString('hex');
    if (typeof idempotencyKey === 'string' && idempotencyKey !== '') return idempotencyKey;
    throw new InvalidOptionError('idempotencyKey', `${JSON.stringify(idempotencyKey)} given; write a non-empty string`);
  }

  #toDeadLetter(letter: StoredLetter): DeadLetter<T> {
    const { letterId, id, key, idempotencyKey, bytes, failedAttempts, error } = letter;
    const decoded = this.#parts.codec.decode(key, bytes);
    const value = typeof decoded === 'string' ? undefined : decoded.value;
    return { letterId, id, key, value, idempotencyKey, attempts: failedAttempts, error };
  }
}

function checkKey(key: string): void {
  if (typeof key !== 'string' || key === '') throw new InvalidKeyError('key', key);
}

/** @throws the error itself when it is no fault of Redis and no value that is too large */
function reasonOf(error: unknown): RefusalReason {
  if (error instanceof ValueTooLargeError) return 'value-too-large';
  if (error instanceof RedisReplyError) return 'redis-refused';
  if (!(error instanceof RedisUnavailableError)) throw error;
  return error.reason === 'deadline' || error.reason === 'connection-lost' ? 'unknown' : 'redis-unavailable';
}
