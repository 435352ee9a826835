import type { Clock, Random } from '@nest-strata/core';
import type { BatchRunner } from './batch-runner.js';
import { retryDelayOf } from './retry-schedule.js';
import type { RetrySchedule } from './retry-schedule.js';
import type { TellEvent } from './write-behind-event.js';
import type { ResolvedWriteBehindOptions } from './write-behind-options.js';
import type { StoredWrite, WriteQueue } from './write-queue.port.js';

/** What a drainer works with. */
export interface DrainerParts {
  readonly queue: WriteQueue;
  readonly runner: Pick<BatchRunner<never>, 'run' | 'isRunning'>;
  /** The same as the runner's. */
  readonly retries: RetrySchedule;
  readonly options: Omit<ResolvedWriteBehindOptions<never>, 'persist'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: TellEvent;
}

/** What to do after a turn. */
interface AfterTurn {
  readonly waitMs: number;
  /** Nothing is left that a process which closes should still do. */
  readonly isCaughtUp: boolean;
}

/** How long to wait after a fault of Redis. */
const FAULT_WAIT_MS = 100;
/** How long new writes wait at most for others that fail. */
const MAX_PAUSE_MS = 1_000;

/**
 * Persists what waits in a queue, turn by turn, while this process owns it.
 *
 * A turn takes one batch of new writes, and by itself one that failed before and is due again. So a write that always
 * fails costs the others its own calls and no more. While new writes fail, too, as when the database is away, they are
 * tried one at a time until one succeeds.
 */
export class Drainer {
  readonly #parts: DrainerParts;
  readonly #retries: RetrySchedule;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #nextTakeAtMs = -Infinity;
  #failedTakes = 0;
  #isFaulty = false;
  #isWoken = false;
  #wakeUp: () => void = () => undefined;
  /** While closing: how many writes waited when it began and were not taken yet. */
  #leftToTake: number | undefined;
  #isClosing = false;
  /** How many wait for what is in the queue. */
  #hurrying = 0;

  constructor(parts: DrainerParts) {
    this.#parts = parts;
    this.#retries = parts.retries;
  }

  start(): void {
    this.#loop = this.#drain();
  }

  /** Something may have come into the queue. */
  wake(): void {
    this.#isWoken = true;
    if (this.#mayTake()) this.#wakeUp();
  }

  /** Does not wait for the interval until `work` is done, which waits for the queue. */
  async hurryFor(work: Promise<void>): Promise<void> {
    this.#hurrying++;
    this.wake();
    try {
      await work;
    } finally {
      this.#hurrying--;
    }
  }

  /**
   * Drains what waits now and ends, after `deadlineMs` at the latest. Writes that failed are tried again until then only if
   * they would be lost otherwise.
   */
  async close(deadlineMs: number): Promise<void> {
    const { clock, queue, tell } = this.#parts;
    this.#isClosing = true;
    this.#wakeUp();
    const deadline = clock.setTimer(() => {
      this.#stop.abort(new Error('The write-behind queue was closed before the batch was done.'));
      this.#wakeUp();
    }, deadlineMs);
    await Promise.race([this.#loop, aborted(this.#stop.signal)]);
    deadline.cancel();
    if (this.#parts.runner.isRunning) {
      queue.abandon();
      return;
    }
    try {
      await queue.release();
    } catch (error) {
      tell({ type: 'error', operation: 'drain', error });
    }
  }

  async #drain(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const wasClosing = this.#isClosing;
      const { waitMs, isCaughtUp } = await this.#safeTurn();
      if (wasClosing && isCaughtUp) return;
      if (wasClosing === this.#isClosing) await this.#sleep(waitMs);
    }
  }

  /** The next turn never begins at once: a queue and a database that answer without waiting must not block the process. */
  #sleep(waitMs: number): Promise<void> {
    const isAwaited = this.#stop.signal.aborted || (this.#isWoken && this.#mayTake());
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(resolve, isAwaited ? 0 : waitMs);
      this.#wakeUp = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #safeTurn(): Promise<AfterTurn> {
    const { queue, tell } = this.#parts;
    try {
      const after = await this.#turn();
      this.#isFaulty = false;
      return after;
    } catch (error) {
      // What was taken in this turn is taken again.
      queue.rewind();
      if (!this.#isFaulty) tell({ type: 'error', operation: 'drain', error });
      this.#isFaulty = true;
      return { waitMs: FAULT_WAIT_MS, isCaughtUp: queue.isDurable };
    }
  }

  async #turn(): Promise<AfterTurn> {
    const { queue, clock, options, tell } = this.#parts;
    this.#isWoken = false;
    if (!queue.isOwned) {
      this.#nextTakeAtMs = -Infinity;
      const askAgainInMs = await queue.own();
      if (askAgainInMs > 0) return { waitMs: askAgainInMs, isCaughtUp: true };
      queue.rewind();
      this.#retries.clear();
      tell({ type: 'takeover' });
    }
    const startedAtMs = clock.monotonicMs();
    const dueKey = this.#retries.dueAt(startedAtMs);
    const count = this.#failedTakes > 0 ? 1 : options.batchSize;
    const [taken, [due]] = await Promise.all([
      this.#mayTake() ? queue.take(count) : undefined,
      dueKey === undefined ? [] : queue.newest([dueKey]),
    ]);
    if (taken !== undefined) await this.#persistTaken(taken, startedAtMs);
    if (dueKey !== undefined && this.#retries.has(dueKey)) {
      if (due === undefined) this.#retries.remove(dueKey);
      else if (await this.#run([due])) this.#failedTakes = 0;
    }
    return this.#afterTurn(taken?.length);
  }

  async #persistTaken(taken: readonly StoredWrite[], startedAtMs: number): Promise<void> {
    const { queue, clock, options, random } = this.#parts;
    if (this.#isClosing) this.#leftToTake = (this.#leftToTake ?? queue.pendingCount) - taken.length;
    // What waits and is neither taken nor planned was put behind us, by a failover to a server that is behind.
    if (taken.length === 0 && queue.pendingCount > this.#retries.size) queue.rewind();
    const fresh = taken.filter((write) => this.#isFresh(write, startedAtMs));
    if (fresh.length === 0) return;
    this.#nextTakeAtMs = startedAtMs + options.intervalMs;
    if (await this.#run(fresh)) {
      this.#failedTakes = 0;
    } else {
      const pauseMs = retryDelayOf(++this.#failedTakes, options, random);
      this.#nextTakeAtMs = clock.monotonicMs() + Math.min(pauseMs, MAX_PAUSE_MS);
    }
  }

  /** Returns `false` when the database took none of them. */
  #run(writes: readonly StoredWrite[]): Promise<boolean> {
    return this.#parts.runner.run(writes, this.#stop.signal);
  }

  /** Those that failed before, here or in another process, have their own time and come alone. */
  #isFresh(write: StoredWrite, nowMs: number): boolean {
    if (write.failedAttempts === 0) {
      this.#retries.remove(write.key);
      return true;
    }
    if (!this.#retries.has(write.key)) this.#retries.plan(write.key, nowMs);
    return false;
  }

  /** Full batches, a process that closes and one in which somebody waits for the queue do not wait for the interval. */
  #mayTake(): boolean {
    const { clock, options } = this.#parts;
    if (clock.monotonicMs() >= this.#nextTakeAtMs) return true;
    if (this.#failedTakes > 0) return false;
    return this.#isClosing || this.#hurrying > 0 || this.#waitingCount() >= options.batchSize;
  }

  /** How many writes wait besides those that failed. */
  #waitingCount(): number {
    return this.#parts.queue.pendingCount - this.#retries.size;
  }

  #afterTurn(takenCount: number | undefined): AfterTurn {
    const { queue, clock, options } = this.#parts;
    const nowMs = clock.monotonicMs();
    const takeAtMs = takenCount === 0 ? nowMs + options.intervalMs : this.#mayTake() ? nowMs : this.#nextTakeAtMs;
    const isTaken = takenCount === 0 || (this.#leftToTake ?? 1) <= 0 || this.#failedTakes > 0;
    return {
      waitMs: Math.max(0, Math.min(takeAtMs, this.#retries.nextDueAtMs) - nowMs),
      isCaughtUp: queue.isDurable ? isTaken : queue.pendingCount === 0,
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
