import type { Clock } from '@nest-strata/core';
import { MAX_SEQUENCE, versionOf } from './write-id.js';
import { WriteQueue } from './write-queue.port.js';
import type {
  AcceptReply,
  QueueSpan,
  RedriveOutcome,
  Settlement,
  StoredLetter,
  StoredWrite,
} from './write-queue.port.js';

/** The newest write of a key, and the one whose place in the queue it has. */
interface Waiting {
  first: StoredWrite;
  newest: StoredWrite;
}

const NEVER_ABORTED = new AbortController().signal;

/**
 * A queue in the memory of this process, which alone drains it. What waits when the process ends is lost, dead letters
 * too.
 */
export class MemoryWriteQueue extends WriteQueue {
  override readonly isDurable = false;
  override readonly isOwned = true;
  override readonly ownership: AbortSignal = NEVER_ABORTED;
  /** In the order of the first writes. */
  readonly #waiting = new Map<string, Waiting>();
  /** The keys with a write that was not taken yet, in the order of their places. */
  readonly #untaken = new Set<string>();
  readonly #letters = new Map<string, StoredLetter>();
  /** Read once: ids must grow from one run of the program to the next, if the database keeps them as versions. */
  readonly #startedAtMs: number;
  #lastMs = 0;
  #lastSequence = 0;

  constructor(
    private readonly maxPending: number,
    private readonly clock: Clock,
  ) {
    super();
    this.#startedAtMs = Date.now() - clock.monotonicMs();
  }

  override get pendingCount(): number {
    return this.#waiting.size;
  }

  override async accept(key: string, idempotencyKey: string, bytes: Buffer): Promise<AcceptReply> {
    const waiting = this.#waiting.get(key);
    const facts = { pendingCount: this.#waiting.size, isDrained: false };
    const known = [waiting?.first, waiting?.newest].find((write) => write?.idempotencyKey === idempotencyKey);
    if (known !== undefined) return { ...facts, result: 'known', id: known.id };
    if (waiting === undefined && this.#waiting.size >= this.maxPending) return { ...facts, result: 'full', id: '' };
    const id = this.#nextId();
    this.#enter({ key, id, entryId: id, entryIds: [id], idempotencyKey, bytes, failedAttempts: 0 });
    return { result: waiting ? 'replaced' : 'added', id, pendingCount: this.#waiting.size, isDrained: false };
  }

  override async newest(keys: readonly string[]): Promise<(StoredWrite | undefined)[]> {
    return keys.map((key) => this.#waiting.get(key)?.newest);
  }

  override async spans(keys: readonly string[] | 'all'): Promise<(QueueSpan | undefined)[]> {
    if (keys === 'all') return [wholeOf(this.#waiting.values())];
    return keys.map((key) => {
      const waiting = this.#waiting.get(key);
      return waiting && wholeOf([waiting]);
    });
  }

  override async own(): Promise<number> {
    return 0;
  }

  override async take(count: number): Promise<StoredWrite[]> {
    const writes: StoredWrite[] = [];
    for (const key of this.#untaken) {
      if (writes.length === count) break;
      this.#untaken.delete(key);
      const waiting = this.#waiting.get(key);
      if (waiting !== undefined) writes.push(waiting.newest);
    }
    return writes;
  }

  override rewind(): void {
    for (const key of this.#waiting.keys()) this.#untaken.add(key);
  }

  override async settle(settlements: readonly Settlement[]): Promise<boolean> {
    for (const settlement of settlements) this.#settle(settlement);
    return true;
  }

  override async release(): Promise<void> {
    // Nobody else could own it.
  }

  override abandon(): void {
    // Nobody else could own it.
  }

  override async deadLetters(limit: number): Promise<StoredLetter[]> {
    return [...this.#letters.values()].slice(0, limit);
  }

  override async redrive(letterIds: readonly string[] | 'all'): Promise<RedriveOutcome> {
    const outcome = { redriven: 0, superseded: 0, refused: 0 };
    for (const id of letterIds === 'all' ? [...this.#letters.keys()] : letterIds) outcome[this.#redrive(id)]++;
    return outcome;
  }

  override async discard(letterIds: readonly string[]): Promise<number> {
    return letterIds.filter((id) => this.#letters.delete(id)).length;
  }

  #enter(write: StoredWrite): void {
    const waiting = this.#waiting.get(write.key);
    if (waiting === undefined) this.#waiting.set(write.key, { first: write, newest: write });
    else waiting.newest = write;
    this.#untaken.add(write.key);
  }

  #settle(settlement: Settlement): void {
    const { write, result } = settlement;
    const waiting = this.#waiting.get(write.key);
    if (waiting === undefined) return;
    if (waiting.newest.entryId !== write.entryId) {
      if (result !== 'failed') waiting.first = waiting.newest;
      return;
    }
    if (result === 'failed') {
      waiting.newest = { ...waiting.newest, failedAttempts: settlement.failedAttempts };
      return;
    }
    this.#waiting.delete(write.key);
    if (result === 'dead') {
      const { failedAttempts, error } = settlement;
      const letterId = this.#nextId();
      const { id, key, idempotencyKey, bytes } = write;
      this.#letters.set(letterId, { letterId, id, key, idempotencyKey, bytes, failedAttempts, error });
    }
  }

  #redrive(letterId: string): keyof RedriveOutcome {
    const letter = this.#letters.get(letterId);
    if (letter === undefined) return 'refused';
    const { key, id, idempotencyKey, bytes } = letter;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined && this.#waiting.size >= this.maxPending) return 'refused';
    this.#letters.delete(letterId);
    if (waiting !== undefined && versionOf(waiting.newest.id) > versionOf(id)) return 'superseded';
    const entryId = this.#nextId();
    this.#enter({ key, id, entryId, entryIds: [entryId], idempotencyKey, bytes, failedAttempts: 0 });
    return 'redriven';
  }

  #nextId(): string {
    const nowMs = Math.floor(this.#startedAtMs + this.clock.monotonicMs());
    if (nowMs > this.#lastMs) [this.#lastMs, this.#lastSequence] = [nowMs, 0];
    else if (++this.#lastSequence === MAX_SEQUENCE) [this.#lastMs, this.#lastSequence] = [this.#lastMs + 1, 0];
    return `${this.#lastMs}-${this.#lastSequence}`;
  }
}

function wholeOf(all: Iterable<Waiting>): QueueSpan | undefined {
  let span: QueueSpan | undefined;
  for (const { first, newest } of all) {
    span = {
      oldest: span === undefined || isBefore(first.entryId, span.oldest) ? first.entryId : span.oldest,
      newest: span === undefined || isBefore(span.newest, newest.entryId) ? newest.entryId : span.newest,
    };
  }
  return span;
}

function isBefore(one: string, other: string): boolean {
  return versionOf(one) < versionOf(other);
}
