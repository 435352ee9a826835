import type { Clock, Random } from '@nest-strata/core';
import { RedisUnavailableError } from '@nest-strata/redis';
import type { BatchPersister, BatchResult } from './batch-persister.js';
import { DamagedWriteError } from './damaged-write.error.js';
import type { WriteToPersist } from './persist.js';
import { retryDelayOf } from './retry-schedule.js';
import type { RetrySchedule } from './retry-schedule.js';
import type { TellEvent } from './write-behind-event.js';
import type { ResolvedWriteBehindOptions } from './write-behind-options.js';
import type { WriteBehindCounts } from './write-behind-stats.js';
import type { WriteCodec } from './write-codec.js';
import { versionOf } from './write-id.js';
import type { Settlement, StoredWrite, WriteQueue } from './write-queue.port.js';

/** What a runner works with. */
export interface BatchRunnerParts<T> {
  readonly queue: WriteQueue;
  readonly codec: WriteCodec<T>;
  readonly persister: BatchPersister<T>;
  readonly retries: RetrySchedule;
  readonly options: ResolvedWriteBehindOptions<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly counts: WriteBehindCounts;
  readonly tell: TellEvent;
}

/** A write, what became of it, and why. */
interface Verdict {
  readonly settlement: Settlement;
  readonly error?: unknown;
}

/** How long until what was persisted is recorded again, after Redis did not confirm it. */
const SETTLE_AGAIN_MS = 50;
const MAX_ERROR_CHARS = 1_000;
const NOTHING_FAILED: BatchResult = { failures: new Map(), isUndivided: false };

/** Takes writes of an owned queue through `persist` and records, counts and tells what became of each. */
export class BatchRunner<T> {
  #isRunning = false;

  constructor(private readonly parts: BatchRunnerParts<T>) {}

  /** Whether a batch is being persisted or recorded. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * Returns `false` when the database took none of the writes. When the ownership is lost or `stop` is aborted on the way,
   * failures are not recorded, and the writes come again, here or elsewhere.
   */
  async run(writes: readonly StoredWrite[], stop: AbortSignal): Promise<boolean> {
    this.#isRunning = true;
    try {
      return await this.#run(writes, [stop, this.parts.queue.ownership]);
    } finally {
      this.#isRunning = false;
    }
  }

  async #run(writes: readonly StoredWrite[], stops: readonly AbortSignal[]): Promise<boolean> {
    const { queue, clock, persister, tell } = this.parts;
    const readable = new Map<StoredWrite, WriteToPersist<T>>();
    const verdicts: Verdict[] = [];
    for (const write of writes) {
      const read = this.#read(write);
      if (read instanceof DamagedWriteError) verdicts.push(burial(write, write.failedAttempts, read));
      else readable.set(write, read);
    }
    const batch = [...readable.values()].sort((a, b) => (a.version < b.version ? -1 : 1));
    // The clock decides, as a process that was stopped has not heard yet that it lost the queue.
    if (isStopped(stops) || !queue.isOwned) return false;
    const startedAtMs = clock.monotonicMs();
    const result = batch.length === 0 ? NOTHING_FAILED : await persister.persist(batch, stops);
    const durationMs = clock.monotonicMs() - startedAtMs;
    if (result.failures.size > 0 && isStopped(stops)) return false;
    for (const write of readable.keys()) verdicts.push(this.#judge(write, result));
    if (!(await this.#settle(verdicts))) return false;
    for (const verdict of verdicts) this.#conclude(verdict);
    const batchSize = batch.length - result.failures.size;
    if (batchSize > 0) tell({ type: 'persisted', batchSize, durationMs });
    return batchSize > 0 || batch.length === 0;
  }

  #read(write: StoredWrite): WriteToPersist<T> | DamagedWriteError {
    const { key, id, idempotencyKey, failedAttempts, bytes } = write;
    const decoded = this.parts.codec.decode(key, bytes);
    if (typeof decoded === 'string') return new DamagedWriteError(id, decoded);
    const { value } = decoded;
    return { key, value, id, version: versionOf(id), idempotencyKey, attempt: failedAttempts + 1 };
  }

  /** A write is never given up for a failure that it shared with others. */
  #judge(write: StoredWrite, { failures, isUndivided }: BatchResult): Verdict {
    if (!failures.has(write.id)) return { settlement: { result: 'persisted', write } };
    const error = failures.get(write.id);
    const failedAttempts = write.failedAttempts + 1;
    if (failedAttempts >= this.parts.options.maxAttempts && !isUndivided) return burial(write, failedAttempts, error);
    return { settlement: { result: 'failed', write, failedAttempts }, error };
  }

  /** Recording twice is harmless, so it goes on while this process owns the queue. */
  async #settle(verdicts: readonly Verdict[]): Promise<boolean> {
    const { queue, clock } = this.parts;
    const settlements = verdicts.map(({ settlement }) => settlement);
    for (;;) {
      if (!queue.isOwned) return false;
      try {
        return await queue.settle(settlements);
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimer(resolve, SETTLE_AGAIN_MS));
    }
  }

  #conclude({ settlement, error }: Verdict): void {
    const { retries, options, clock, random, counts, tell } = this.parts;
    const { key, id } = settlement.write;
    retries.remove(key);
    if (settlement.result === 'persisted') {
      counts.persisted++;
    } else if (settlement.result === 'dead') {
      counts.dead++;
      tell({ type: 'dead', key, id, attempts: settlement.failedAttempts, error });
    } else {
      const retryInMs = retryDelayOf(settlement.failedAttempts, options, random);
      retries.plan(key, clock.monotonicMs() + retryInMs);
      counts.failed++;
      tell({ type: 'failed', key, id, attempt: settlement.failedAttempts, error, retryInMs });
    }
  }
}

function burial(write: StoredWrite, failedAttempts: number, error: unknown): Verdict {
  return { settlement: { result: 'dead', write, failedAttempts, error: describeError(error) }, error };
}

/** A text that Redis can read: no half of a surrogate pair. */
function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return Buffer.from(text.slice(0, MAX_ERROR_CHARS)).toString();
}

function isStopped(stops: readonly AbortSignal[]): boolean {
  return stops.some((signal) => signal.aborted);
}
