import type {
  EntryOptions,
  EvictOutcome,
  LoadContext,
  Loader,
  LoadOptions,
  Lookup,
  WriteOutcome,
} from '@nest-strata/engine';
import type { DecoratedCache } from '../../src/decorators/decorated-cache.js';

interface StoredEntry {
  readonly value: unknown;
  readonly options: EntryOptions;
}

/** A cache for decorated methods on a Map: nothing expires, everything that was asked of it is in `calls`. */
export class MapCache implements DecoratedCache {
  readonly entries = new Map<string, StoredEntry>();
  readonly calls: string[] = [];
  /** When set, every write and eviction rejects with it. */
  fault: Error | undefined;
  readonly #flights = new Map<string, Promise<unknown>>();

  /** What is stored, by key. */
  get contents(): Record<string, unknown> {
    return Object.fromEntries([...this.entries].map(([key, { value }]) => [key, value]));
  }

  async lookup<T>(key: string): Promise<Lookup<T>> {
    this.calls.push(`lookup ${key}`);
    const entry = this.entries.get(key);
    if (!entry) return { hit: false, stale: false, value: undefined };
    return { hit: true, stale: false, value: entry.value as T, tier: 'map', ageMs: 0, ttlMs: Infinity };
  }

  async getOrSet<T>(key: string, loader: Loader<T>, options: LoadOptions = {}): Promise<T> {
    this.calls.push(`getOrSet ${key}`);
    const entry = this.entries.get(key);
    if (entry) return entry.value as T;
    const flight = this.#flights.get(key) ?? this.#load(key, loader, options).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight as Promise<T>;
  }

  async set(key: string, value: unknown, options: EntryOptions = {}): Promise<WriteOutcome> {
    this.#record(`set ${key}`);
    this.entries.set(key, { value, options });
    return { stored: true };
  }

  async delete(key: string): Promise<EvictOutcome> {
    this.calls.push(`delete ${key}`);
    return { confirmed: true, count: Number(this.entries.delete(key)) };
  }

  async deleteMany(keys: readonly string[]): Promise<EvictOutcome> {
    this.#record(`deleteMany ${keys.join(' ')}`);
    return { confirmed: true, count: keys.filter((key) => this.entries.delete(key)).length };
  }

  async deleteByTag(...tags: string[]): Promise<EvictOutcome> {
    this.#record(`deleteByTag ${tags.join(' ')}`);
    for (const [key, { options }] of this.entries) {
      if (options.tags?.some((tag) => tags.includes(tag))) this.entries.delete(key);
    }
    return { confirmed: true, count: tags.length };
  }

  async clear(): Promise<EvictOutcome> {
    this.#record('clear');
    this.entries.clear();
    return { confirmed: true, count: 1 };
  }

  async #load<T>(key: string, loader: Loader<T>, { ttl, tags = [], ...options }: LoadOptions): Promise<T> {
    const skipped = new Set<string>();
    const context: LoadContext = {
      key,
      signal: new AbortController().signal,
      ttl: ttl ?? '1h',
      tags: [...tags],
      stale: undefined,
      etag: undefined,
      version: undefined,
      skip: () => skipped.add(key),
      notModified: () => fail('notModified is not for here'),
      fail,
    };
    // Other calls come in between, as they do over a network.
    await Promise.resolve();
    try {
      const value = await loader(context);
      const version = context.version === undefined ? {} : { version: context.version };
      const stored = { ...options, ...version, ttl: context.ttl, tags: context.tags };
      if (!skipped.has(key)) this.entries.set(key, { value, options: stored });
      return value;
    } catch (error) {
      if (options.fallback === undefined) throw error;
      return options.fallback(error) as T;
    }
  }

  #record(call: string): void {
    this.calls.push(call);
    if (this.fault) throw this.fault;
  }
}

function fail(reason: Error | string): never {
  throw typeof reason === 'string' ? new Error(reason) : reason;
}
