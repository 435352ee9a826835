import type { Clock } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { escapeText, unescapeText } from '../keys/key-text.js';
import { QueueOwnership } from './queue-ownership.js';
import { acceptWriteScript } from './scripts/accept-write.script.js';
import { newestWritesScript } from './scripts/newest-writes.script.js';
import { redriveLettersScript } from './scripts/redrive-letters.script.js';
import { settlementsAsJson, settleWritesScript } from './scripts/settle-writes.script.js';
import { fieldsByName, textOf } from './scripts/stored-write.reply.js';
import { takeWritesScript } from './scripts/take-writes.script.js';
import type { WriteBehindKeys } from './write-behind-keys.js';
import { WriteQueue } from './write-queue.port.js';
import type {
  AcceptReply,
  QueueSpan,
  RedriveOutcome,
  Settlement,
  StoredLetter,
  StoredWrite,
} from './write-queue.port.js';

/** How many keys or letters one script looks at, so that other clients of the server get their turn in between. */
const ITEMS_PER_SCRIPT = 100;
const NOT_OWNED = -1;

type StreamEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** A queue in a Redis stream, shared by all processes: what is accepted survives any of them. */
export class RedisWriteQueue extends WriteQueue {
  override readonly isDurable = true;
  #pendingCount = 0;
  #takenUntil: string | undefined;
  readonly #ownership: QueueOwnership;

  /** @param token tells this process from others; unpredictable and never used again */
  constructor(
    private readonly redis: RedisPort,
    private readonly keys: WriteBehindKeys,
    private readonly maxPending: number,
    private readonly token: string,
    clock: Clock,
  ) {
    super();
    this.#ownership = new QueueOwnership(redis, keys, token, clock);
  }

  override get pendingCount(): number {
    return this.#pendingCount;
  }

  override get isOwned(): boolean {
    return this.#ownership.isHeld;
  }

  override get ownership(): AbortSignal {
    return this.#ownership.signal;
  }

  override async accept(key: string, idempotencyKey: string, bytes: Buffer): Promise<AcceptReply> {
    const reply = await this.redis.run(acceptWriteScript, this.keys, {
      key: escapeText(key),
      idempotencyKey: escapeText(idempotencyKey),
      bytes,
      maxPending: this.maxPending,
    });
    this.#pendingCount = reply.pendingCount;
    return reply;
  }

  override async newest(keys: readonly string[]): Promise<(StoredWrite | undefined)[]> {
    const found = await Promise.all(
      chunksOf(keys).map((chunk) =>
        this.redis.run(newestWritesScript, this.keys, { keys: JSON.stringify(chunk.map(escapeText)) }),
      ),
    );
    return found.flat();
  }

  override async spans(keys: readonly string[] | 'all'): Promise<(QueueSpan | undefined)[]> {
    if (keys === 'all') return [await this.#wholeSpan()];
    const found = await Promise.all(
      chunksOf(keys).map((chunk) => this.redis.send('HMGET', [this.keys.index, ...chunk.map(escapeText)])),
    );
    return (found as (Buffer | null)[][]).flat().map((place) => {
      const [oldest, newest] = place?.toString().split(' ') ?? [];
      return oldest !== undefined && newest !== undefined && isEntryId(oldest) && isEntryId(newest)
        ? { oldest, newest }
        : undefined;
    });
  }

  override async own(): Promise<number> {
    const { leftMs, pendingCount } = await this.#ownership.take();
    this.#pendingCount = pendingCount;
    return leftMs;
  }

  override async take(count: number): Promise<StoredWrite[]> {
    const from = this.#takenUntil === undefined ? '-' : `(${this.#takenUntil}`;
    const { lastId, pendingCount, writes } = await this.redis.run(takeWritesScript, this.keys, { from, count });
    this.#pendingCount = pendingCount;
    this.#takenUntil = lastId ?? this.#takenUntil;
    return [...writes];
  }

  override rewind(): void {
    this.#takenUntil = undefined;
  }

  override async settle(settlements: readonly Settlement[]): Promise<boolean> {
    const args = { token: this.token, settlements: settlementsAsJson(settlements) };
    const pendingCount = await this.redis.run(settleWritesScript, this.keys, args);
    if (pendingCount === NOT_OWNED) {
      this.#ownership.lose();
      return false;
    }
    this.#pendingCount = pendingCount;
    return true;
  }

  override release(): Promise<void> {
    return this.#ownership.release();
  }

  override abandon(): void {
    this.#ownership.abandon();
  }

  override async deadLetters(limit: number): Promise<StoredLetter[]> {
    const reply = await this.redis.send('XRANGE', [this.keys.dead, '-', '+', 'COUNT', limit]);
    return (reply as StreamEntry[]).map(toLetter);
  }

  override async redrive(letterIds: readonly string[] | 'all'): Promise<RedriveOutcome> {
    const ids = letterIds === 'all' ? await this.#letterIds() : letterIds.filter(isEntryId);
    const total = { redriven: 0, superseded: 0, refused: letterIds === 'all' ? 0 : letterIds.length - ids.length };
    for (const chunk of chunksOf(ids)) {
      const args = { letterIds: JSON.stringify(chunk), maxPending: this.maxPending };
      const outcome = await this.redis.run(redriveLettersScript, this.keys, args);
      for (const count of ['redriven', 'superseded', 'refused'] as const) total[count] += outcome[count];
    }
    this.#pendingCount += total.redriven;
    return total;
  }

  override async discard(letterIds: readonly string[]): Promise<number> {
    const ids = letterIds.filter(isEntryId);
    return ids.length === 0 ? 0 : Number(await this.redis.send('XDEL', [this.keys.dead, ...ids]));
  }

  async #wholeSpan(): Promise<QueueSpan | undefined> {
    const ends = await Promise.all([
      this.redis.send('XRANGE', [this.keys.stream, '-', '+', 'COUNT', 1]),
      this.redis.send('XREVRANGE', [this.keys.stream, '+', '-', 'COUNT', 1]),
    ]);
    const [[first], [last]] = ends as [StreamEntry[], StreamEntry[]];
    return first && last && { oldest: first[0].toString(), newest: last[0].toString() };
  }

  /** The letters that there are now: one that dies again meanwhile is another. */
  async #letterIds(): Promise<string[]> {
    const letterIds: string[] = [];
    const [last] = (await this.redis.send('XREVRANGE', [this.keys.dead, '+', '-', 'COUNT', 1])) as StreamEntry[];
    let from = '-';
    while (last !== undefined) {
      const range = [this.keys.dead, from, last[0], 'COUNT', ITEMS_PER_SCRIPT];
      const page = (await this.redis.send('XRANGE', range)) as StreamEntry[];
      letterIds.push(...page.map(([id]) => id.toString()));
      if (page.length < ITEMS_PER_SCRIPT) break;
      from = `(${letterIds.at(-1) ?? ''}`;
    }
    return letterIds;
  }
}

function toLetter([letterId, fields]: StreamEntry): StoredLetter {
  const named = fieldsByName(fields);
  return {
    letterId: letterId.toString(),
    id: textOf(named.get('id')),
    key: unescapeText(textOf(named.get('k'))),
    idempotencyKey: unescapeText(textOf(named.get('i'))),
    bytes: named.get('v') ?? Buffer.alloc(0),
    failedAttempts: Number(textOf(named.get('attempts'))),
    error: textOf(named.get('error')),
  };
}

/** Redis takes an incomplete id for a range of them, and answers anything else with an error. */
function isEntryId(text: string): boolean {
  return /^\d+-\d+$/.test(text);
}

function chunksOf<Item>(items: readonly Item[]): Item[][] {
  const chunks: Item[][] = [];
  for (let from = 0; from < items.length; from += ITEMS_PER_SCRIPT)
    chunks.push(items.slice(from, from + ITEMS_PER_SCRIPT));
  return chunks;
}
