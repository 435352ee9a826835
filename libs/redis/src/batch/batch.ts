import type { RedisArgument } from '../redis.port.js';
import { Expiring } from '../deadline/deadline.js';
import { RedisUnavailableError } from '../errors/redis-unavailable.error.js';

/** Batches with commands, which may write, and batches of reads alone. */
export type BatchKind = 'commands' | 'reads';

/** A command that waits for its reply. */
export interface PendingCommand {
  /** The command, or the script's name: for errors. */
  readonly name: string;
  /** What follows the command; for a script what follows its digest. */
  readonly args: RedisArgument[];
  readonly script?: { readonly sha1: string; readonly lua: string };
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface PendingRead {
  readonly keys: string[];
  /** Where its values are among those of the batch; `undefined`: they are all of them. */
  positions?: readonly number[];
  readonly resolve: (values: (Buffer | null)[]) => void;
  readonly reject: (error: Error) => void;
}

/** Hears of a batch that was sent. */
export interface BatchObserver {
  /** It is over in time: every part was answered or failed. `heard` tells whether Redis answered at all. */
  batchFinished(batch: Batch, heard: boolean): void;
  /** It ran out of time. */
  batchExpired(batch: Batch): void;
  /** It had run out of time, and now an answer came nevertheless. */
  lateReply(): void;
}

/**
 * What was asked of Redis in one tick of the event loop: commands in their order, and reads in which each key counts
 * once. It is filled, sent, and then settles everyone who waits, part by part as the replies come.
 */
export class Batch extends Expiring {
  readonly commands: PendingCommand[] = [];
  readonly #reads: PendingRead[] = [];
  #observer: BatchObserver | undefined;
  #openParts = 0;
  #heard = false;
  #isOver = false;

  /** True once it is settled; a late reply changes nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get kind(): BatchKind {
    return this.commands.length > 0 ? 'commands' : 'reads';
  }

  addRead(keys: readonly string[], resolve: PendingRead['resolve'], reject: PendingRead['reject']): void {
    this.#reads.push({ keys: [...keys], resolve, reject });
  }

  /** The keys of all reads: those of a lone read as they are, of several reads each key once. */
  keysToRead(): string[] {
    const [first, second] = this.#reads;
    if (first === undefined || second === undefined) return first?.keys ?? [];
    const all: string[] = [];
    const positionOf = new Map<string, number>();
    for (const read of this.#reads) {
      read.positions = read.keys.map((key) => {
        let position = positionOf.get(key);
        if (position === undefined) positionOf.set(key, (position = all.push(key) - 1));
        return position;
      });
    }
    return all;
  }

  addCommand(command: PendingCommand): void {
    this.commands.push(command);
  }

  /** Says in how many parts it is about to be sent, and who wants to hear of its end. */
  begin(parts: number, observer: BatchObserver): void {
    this.#openParts = parts;
    this.#observer = observer;
  }

  /** Settles all reads with the values of {@link keysToRead}, in that order. */
  deliver(values: (Buffer | null)[]): void {
    for (const { positions, resolve } of this.#reads) {
      resolve(positions === undefined ? values : positions.map((position) => values[position] ?? null));
    }
  }

  failReads(error: Error): void {
    for (const { reject } of this.#reads) reject(error);
  }

  /** One part has been settled; `heard` when Redis answered it, if only with an error. */
  finishPart(heard: boolean): void {
    if (this.#isOver) {
      if (heard) this.#observer?.lateReply();
      return;
    }
    this.#heard ||= heard;
    if (--this.#openParts > 0) return;
    this.#isOver = true;
    this.#observer?.batchFinished(this, this.#heard);
  }

  /** Settles all that is still open with `error`. */
  fail(error: Error): void {
    this.#isOver = true;
    for (const { reject } of this.commands) reject(error);
    this.failReads(error);
  }

  override expire(afterMs: number): void {
    const wasSent = this.#observer !== undefined;
    this.fail(new RedisUnavailableError(wasSent ? 'deadline' : 'not-connected', `nothing within ${afterMs} ms`));
    this.#observer?.batchExpired(this);
  }
}
