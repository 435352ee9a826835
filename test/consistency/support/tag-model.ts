import { eventually } from '@nest-strata/testing';
import type { Verdict } from '@nest-strata/testing';
import { CacheProcesses } from '../../../libs/engine/test/cache-processes.js';
import type { CacheProcess } from '../../../libs/engine/test/cache-processes.js';
import type { SharedRedis } from '../../../libs/engine/test/shared-redis.js';
import { NO_MEMORY } from './cache-settings.js';

interface Modelled {
  readonly value: number;
  readonly tags: readonly string[];
}

/** What a check is to find of the model: all of it, or no more than that. */
export type ModelMatch = 'exact' | 'no-more';

const BATCH = 2_000;
const VIOLATIONS_KEPT = 20;
/** A Redis that is late counts as away: a busy machine must not look so. */
const PATIENT = { deadline: '5s' } as const;

/**
 * A cache of entries with tags beside a Map that says which of them are there: two processes with memory, which holds all
 * of it, and one without.
 */
export class TagModel implements AsyncDisposable {
  readonly #processes: CacheProcesses;
  readonly #redis: SharedRedis;
  /** What is there. */
  readonly #entries = new Map<string, Modelled>();
  /** Whatever was put, so that what comes back is noticed. */
  readonly #known = new Set<string>();
  #members: readonly CacheProcess[] = [];
  #valueCount = 0;
  #operations = 0;
  #violationCount = 0;
  readonly #violations: string[] = [];

  static async start(redis: SharedRedis): Promise<TagModel> {
    const model = new TagModel(redis);
    const memory = { maxEntries: 1_000_000, maxBytes: Infinity, values: 'shared' } as const;
    model.#members = await Promise.all(
      [memory, memory, NO_MEMORY].map((held) => model.#processes.start({ cache: { memory: held }, redis: PATIENT })),
    );
    return model;
  }

  private constructor(redis: SharedRedis) {
    this.#processes = new CacheProcesses(redis);
    this.#redis = redis;
  }

  /** How many entries are there. */
  get size(): number {
    return this.#entries.size;
  }

  /** What was found by the checks so far. */
  get verdict(): Verdict {
    return {
      operations: this.#operations,
      violationCount: this.#violationCount,
      violations: this.#violations.map((message) => ({ message, events: [] })),
      bounds: [],
    };
  }

  /** Puts a value of its own under each of the keys, which all carry the tags. */
  async put(by: number, keys: readonly string[], tags: readonly string[]): Promise<void> {
    const entries = keys.map((key) => [key, this.#valueCount++] as const);
    const outcomes = await this.#member(by).engine.setMany(entries, { tags });
    for (const [at, [key, value]] of entries.entries()) {
      this.#known.add(key);
      this.#entries.delete(key);
      if (outcomes[at]?.stored === true) this.#entries.set(key, { value, tags });
    }
    this.#operations += keys.length;
  }

  async deleteByTag(by: number, tags: readonly string[]): Promise<void> {
    await this.#member(by).engine.deleteByTag(...tags);
    this.#forget((entry) => entry.tags.some((tag) => tags.includes(tag)));
  }

  async deleteKeys(by: number, keys: readonly string[]): Promise<void> {
    await this.#member(by).engine.deleteMany(keys);
    this.#forget((_, key) => keys.includes(key));
  }

  async clear(by: number): Promise<void> {
    await this.#member(by).engine.clear();
    this.#forget(() => true);
  }

  /** Redis loses the record of a tag, or of clear. */
  async loseRecord(tag: string | undefined): Promise<void> {
    await this.tellRedis('DEL', tag === undefined ? this.#processes.clearKey : this.#processes.tagKey(tag));
    this.#forget((entry) => tag === undefined || entry.tags.includes(tag));
  }

  async tellRedis(command: string, ...args: readonly string[]): Promise<unknown> {
    return this.#redis.send(command, args);
  }

  /** Resolves once every process has heard of all that has happened. */
  async untilHeard(): Promise<void> {
    for (const member of this.#members) await this.#processes.untilHeardBy(member);
  }

  /** Resolves once every process has got over an outage. */
  async untilRecovered(): Promise<void> {
    await this.#redis.port.connect(10_000);
    for (const { engine, redis } of this.#members) {
      await redis.connect(10_000);
      await eventually(() => engine.coherence?.isArmed === true && engine.pendingEvicts.count === 0, 60_000);
    }
    await this.untilHeard();
  }

  /** Looks for every key that was ever put, in every process, and compares. Returns how many were there at each. */
  async check(after: string, match: ModelMatch = 'exact'): Promise<readonly number[]> {
    await this.untilHeard();
    const found: number[] = [];
    for (const [at] of this.#members.entries()) found.push(await this.#checkIn(at, after, match));
    return found;
  }

  /** From now on only that counts as there which every process finds. */
  async shrinkToWhatIsThere(): Promise<void> {
    for (const member of this.#members) {
      const keys = [...this.#entries.keys()];
      const values = await getAll(member, keys);
      for (const [at, key] of keys.entries()) if (values[at] === undefined) this.#entries.delete(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.close();
  }

  async #checkIn(at: number, after: string, match: ModelMatch): Promise<number> {
    const keys = [...this.#known];
    const values = await getAll(this.#member(at), keys);
    let hits = 0;
    for (const [index, key] of keys.entries()) {
      const [value, expected] = [values[index], this.#entries.get(key)?.value];
      if (value !== undefined) hits++;
      const isRight = value === expected || (match === 'no-more' && value === undefined);
      if (isRight) continue;
      this.#violationCount++;
      if (this.#violations.length < VIOLATIONS_KEPT) {
        const what = `${String(value)} instead of ${String(expected)}`;
        this.#violations.push(`After ${after} process ${String(at)} has ${what} under "${key}"`);
      }
    }
    this.#operations += keys.length;
    return hits;
  }

  #forget(isGone: (entry: Modelled, key: string) => boolean): void {
    for (const [key, entry] of this.#entries) if (isGone(entry, key)) this.#entries.delete(key);
    this.#operations++;
  }

  #member(at: number): CacheProcess {
    return this.#members[at % this.#members.length] as CacheProcess;
  }
}

async function getAll({ engine }: CacheProcess, keys: readonly string[]): Promise<(number | undefined)[]> {
  const values: (number | undefined)[] = [];
  for (let at = 0; at < keys.length; at += BATCH) {
    values.push(...(await engine.getMany<number>(keys.slice(at, at + BATCH))));
  }
  return values;
}
