import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '@nest-strata/core';
import type { CacheEntry, CacheTier } from '@nest-strata/engine';
import { FakeClock } from '../time/fake-clock.js';
import { cacheTierClauses, describeCacheTier } from './cache-tier.contract.js';
import { checkClause } from './contract.js';

/** As small as a tier that keeps the contract can be; the broken ones below each change one thing. */
class MapTier implements CacheTier {
  readonly name: string = 'map';
  protected readonly entries = new Map<string, CacheEntry>();

  constructor(protected readonly clock: Clock) {}

  read(keys: readonly string[]): Promise<(CacheEntry | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.find(key)));
  }

  write(key: string, entry: CacheEntry): Promise<void> {
    this.entries.set(key, entry);
    return Promise.resolve();
  }

  delete(keys: readonly string[]): Promise<number> {
    return Promise.resolve(keys.filter((key) => this.find(key) !== undefined && this.entries.delete(key)).length);
  }

  async *keys(glob: string): AsyncIterable<string[]> {
    const matches = this.compile(glob);
    yield await Promise.resolve(
      [...this.entries.keys()].filter((key) => this.find(key) !== undefined && matches.test(key)),
    );
  }

  protected find(key: string): CacheEntry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && this.clock.monotonicMs() < entry.goneAtMs ? entry : undefined;
  }

  protected compile(glob: string): RegExp {
    const pieces = glob.match(/\\.|\[[^\]]*\]|[^]/gsu) ?? [];
    const pattern = pieces.map((piece) => {
      if (piece === '*') return '.*';
      if (piece === '?') return '.';
      if (piece.length > 1 && piece.startsWith('[')) return piece;
      return (piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece).replace(
        /[\\^$.*+?()[\]{}|/]/,
        '\\$&',
      );
    });
    return new RegExp(`^${pattern.join('')}$`, 'su');
  }
}

describeCacheTier('MapTier on a fake clock', () => {
  const clock = new FakeClock();
  return { tier: new MapTier(clock), clock };
});

describeCacheTier('MapTier on a clock that runs', async () => {
  const { SystemClock } = await import('@nest-strata/core');
  const clock = new SystemClock();
  return { tier: new MapTier(clock), clock };
});

/** A tier that gives a changed copy of each entry it has. */
function returning(change: (copy: CacheEntry) => CacheEntry): typeof MapTier {
  return class extends MapTier {
    protected override find(key: string): CacheEntry | undefined {
      const copy = super.find(key);
      return copy && change(copy);
    }
  };
}

/** A tier that takes another key for the one it is given. */
function mapping(alter: (key: string) => string): typeof MapTier {
  return class extends MapTier {
    override read(keys: readonly string[]) {
      return super.read(keys.map(alter));
    }
    override write(key: string, entry: CacheEntry) {
      return super.write(alter(key), entry);
    }
    override delete(keys: readonly string[]) {
      return super.delete(keys.map(alter));
    }
  };
}

const MIXED_KEYS = 'tells apart keys that a careless encoding would mix up, and lists each as it was written';
const GLOBS = 'lists the keys that a glob matches from end to end';
const UNTIL_GONE = 'returns a copy until goneAtMs and never after';
const GONE_ALREADY = 'does not keep an entry that is already gone, nor what it was to replace';
const REPLACED = 'replaces an entry as a whole: value, times and tags';
const DELETED = 'deletes what it is asked to and nothing else, and counts what was there';
const KEPT = 'keeps the identity, tags and versions of an entry, and its times to 2 ms';
const ORDER = 'reads in the order of the keys, misses and duplicates included';

const brokenTiers: { readonly flaw: string; readonly breaks: string; readonly Tier: typeof MapTier }[] = [
  {
    flaw: 'answers null for a miss',
    breaks: 'reads undefined for what was never written, and nothing for no keys',
    Tier: class extends MapTier {
      override async read(keys: readonly string[]) {
        return (await super.read(keys)).map((copy) => copy ?? (null as unknown as undefined));
      }
    },
  },
  {
    flaw: 'reads duplicates once',
    breaks: ORDER,
    Tier: class extends MapTier {
      override read(keys: readonly string[]) {
        return super.read([...new Set(keys)]);
      }
    },
  },
  {
    flaw: 'leaves out misses',
    breaks: ORDER,
    Tier: class extends MapTier {
      override async read(keys: readonly string[]) {
        return (await super.read(keys)).filter((copy) => copy !== undefined);
      }
    },
  },
  { flaw: 'forgets the tags', breaks: KEPT, Tier: returning((copy) => ({ ...copy, tags: [] })) },
  { flaw: 'gives each copy a new identity', breaks: KEPT, Tier: returning((copy) => ({ ...copy, writeId: 'new' })) },
  { flaw: 'forgets the clear version', breaks: KEPT, Tier: returning((copy) => ({ ...copy, clearVersion: '' })) },
  {
    flaw: 'rounds times to seconds',
    breaks: KEPT,
    Tier: returning((copy) => ({ ...copy, freshUntilMs: Math.floor(copy.freshUntilMs / 997) * 997 })),
  },
  {
    flaw: 'loses a little time',
    breaks: KEPT,
    Tier: returning((copy) => ({ ...copy, createdAtMs: copy.createdAtMs - 3 })),
  },
  {
    flaw: 'cannot write for ever',
    breaks: 'keeps an entry that is fresh for ever',
    Tier: returning((copy) => ({ ...copy, freshUntilMs: JSON.parse(JSON.stringify(copy.freshUntilMs)) as number })),
  },
  {
    flaw: 'drops what is not fresh',
    breaks: 'returns a copy that is no longer fresh, as long as its time is not over',
    Tier: class extends MapTier {
      protected override find(key: string) {
        const copy = super.find(key);
        return copy && copy.freshUntilMs > this.clock.monotonicMs() ? copy : undefined;
      }
    },
  },
  {
    flaw: 'serves for ever',
    breaks: UNTIL_GONE,
    Tier: class extends MapTier {
      protected override find(key: string) {
        return this.entries.get(key);
      }
    },
  },
  {
    flaw: 'lets go too early',
    breaks: UNTIL_GONE,
    Tier: class extends MapTier {
      protected override find(key: string) {
        const copy = super.find(key);
        return copy && copy.goneAtMs - 10 > this.clock.monotonicMs() ? copy : undefined;
      }
    },
  },
  {
    flaw: 'lists what is gone',
    breaks: UNTIL_GONE,
    Tier: class extends MapTier {
      override async *keys(glob: string) {
        yield await Promise.resolve([...this.entries.keys()].filter((key) => this.compile(glob).test(key)));
      }
    },
  },
  {
    flaw: 'ignores an entry that is gone, and serves the one before',
    breaks: GONE_ALREADY,
    Tier: class extends MapTier {
      override async write(key: string, entry: CacheEntry) {
        if (entry.goneAtMs > this.clock.monotonicMs()) await super.write(key, entry);
      }
    },
  },
  {
    flaw: 'refuses to write what is there',
    breaks: REPLACED,
    Tier: class extends MapTier {
      override async write(key: string, entry: CacheEntry) {
        if (!this.entries.has(key)) await super.write(key, entry);
      }
    },
  },
  {
    flaw: 'merges the tags of what it replaces',
    breaks: REPLACED,
    Tier: class extends MapTier {
      override write(key: string, entry: CacheEntry) {
        return super.write(key, { ...entry, tags: [...entry.tags, ...(this.entries.get(key)?.tags ?? [])] });
      }
    },
  },
  {
    flaw: 'keeps the time of what it replaces',
    breaks: 'gives a replaced entry the time of the new one, longer or shorter',
    Tier: class extends MapTier {
      override write(key: string, entry: CacheEntry) {
        return super.write(key, { ...entry, goneAtMs: this.entries.get(key)?.goneAtMs ?? entry.goneAtMs });
      }
    },
  },
  {
    flaw: 'counts what it was asked to delete',
    breaks: DELETED,
    Tier: class extends MapTier {
      override async delete(keys: readonly string[]) {
        await super.delete(keys);
        return keys.length;
      }
    },
  },
  {
    flaw: 'deletes everything',
    breaks: DELETED,
    Tier: class extends MapTier {
      override async delete(keys: readonly string[]) {
        const count = await super.delete(keys);
        this.entries.clear();
        return count;
      }
    },
  },
  {
    flaw: 'takes no key again',
    breaks: 'takes a key again after it was deleted',
    Tier: class extends MapTier {
      readonly #deleted = new Set<string>();
      override delete(keys: readonly string[]) {
        for (const key of keys) this.#deleted.add(key);
        return super.delete(keys);
      }
      protected override find(key: string) {
        return this.#deleted.has(key) ? undefined : super.find(key);
      }
    },
  },
  ...['a Date', 'a Map', 'a BigInt', 'NaN', 'undefined', 'a Buffer', 'an Error', 'a URL', 'a nest of everything'].map(
    (kind) => ({
      flaw: 'keeps JSON',
      breaks: `brings back ${kind}`,
      Tier: returning((copy) => ({ ...copy, value: JSON.parse(JSON.stringify(copy.value ?? null)) as unknown })),
    }),
  ),
  {
    flaw: 'cannot keep null',
    breaks: 'brings back null',
    Tier: returning((copy) => ({ ...copy, value: copy.value ?? undefined })),
  },
  {
    flaw: 'merges values into objects',
    breaks: 'keeps a property named __proto__ as data',
    Tier: returning((copy) => {
      const { value } = copy;
      if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return copy;
      const merged: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(value)) merged[name] = member;
      return { ...copy, value: merged };
    }),
  },
  { flaw: 'ignores case', breaks: MIXED_KEYS, Tier: mapping((key) => key.toLowerCase()) },
  { flaw: 'trims keys', breaks: MIXED_KEYS, Tier: mapping((key) => key.trim()) },
  {
    flaw: 'normalizes keys',
    breaks: MIXED_KEYS,
    Tier: mapping((key) => key.normalize('NFC') + (key === 'ä' ? 'a\u0308' : '')),
  },
  {
    flaw: 'unescapes keys',
    breaks: MIXED_KEYS,
    Tier: mapping((key) => key.replaceAll(/%[0-9A-F]{2}/g, (text) => decodeURIComponent(text))),
  },
  { flaw: 'lists keys in an encoded form', breaks: MIXED_KEYS, Tier: mapping((key) => encodeURIComponent(key)) },
  { flaw: 'cuts long keys', breaks: MIXED_KEYS, Tier: mapping((key) => key.slice(0, 500)) },
  {
    flaw: 'keeps keys as properties',
    breaks: MIXED_KEYS,
    Tier: class extends MapTier {
      readonly #record: Record<string, CacheEntry> = {};
      override write(key: string, entry: CacheEntry) {
        this.#record[key] = entry;
        return super.write(key, entry);
      }
      protected override find(key: string) {
        return super.find(key) && this.#record[key];
      }
      override async read(keys: readonly string[]) {
        return Promise.resolve(keys.map((key) => this.#record[key]));
      }
    },
  },
  {
    flaw: 'matches a part of the key',
    breaks: GLOBS,
    Tier: class extends MapTier {
      protected override compile(glob: string) {
        return new RegExp(super.compile(glob).source.slice(1, -1), 'su');
      }
    },
  },
  {
    flaw: 'stops a star at a colon',
    breaks: GLOBS,
    Tier: class extends MapTier {
      protected override compile(glob: string) {
        return new RegExp(super.compile(glob).source.replaceAll('.*', '[^:]*'), 'su');
      }
    },
  },
  {
    flaw: 'knows no escapes',
    breaks: 'takes a character of a glob for itself after a backslash',
    Tier: class extends MapTier {
      protected override compile(glob: string) {
        return super.compile(glob.replaceAll('\\', ''));
      }
    },
  },
  {
    flaw: 'lists the first thousand',
    breaks: 'keeps, lists and deletes 10000 keys',
    Tier: class extends MapTier {
      override async *keys(glob: string) {
        for await (const batch of super.keys(glob)) yield batch.slice(0, 1_000);
      }
    },
  },
  {
    flaw: 'pages by position',
    breaks: 'lists what stayed throughout while other keys come and go',
    Tier: class extends MapTier {
      override write(key: string, entry: CacheEntry) {
        if (key.startsWith('new:')) this.entries.delete('stayed:0');
        return super.write(key, entry);
      }
      override async *keys(glob: string) {
        const matches = this.compile(glob);
        for (let position = 0; position < this.entries.size; position += 100) {
          yield await Promise.resolve(
            [...this.entries.keys()].slice(position, position + 100).filter((key) => matches.test(key)),
          );
        }
      }
    },
  },
];

describe('the contract of a cache tier', () => {
  it.each(brokenTiers)('is broken by a tier that $flaw: it no longer "$breaks"', async ({ breaks, Tier }) => {
    const clause = cacheTierClauses.find(({ title }) => title === breaks);
    if (clause === undefined) throw new Error(`no such clause: ${breaks}`);
    const clock = new FakeClock();
    await expect(checkClause(clause, () => ({ tier: new Tier(clock), clock }))).rejects.toThrow();
  });

  it('closes its subject, whether a clause holds or not', async () => {
    const clock = new FakeClock();
    let closed = 0;
    const close = (): void => {
      closed++;
    };
    const makeSubject = () => ({ tier: new MapTier(clock), clock, close });
    await checkClause({ title: 'holds', check: () => Promise.resolve() }, makeSubject);
    await expect(
      checkClause({ title: 'breaks', check: () => Promise.reject(new Error('broken')) }, makeSubject),
    ).rejects.toThrow('broken');
    expect(closed).toBe(2);
  });
});

describe('describeCacheTier in a runner without globals', () => {
  const scope = globalThis as { describe?: unknown };
  const original = scope.describe;

  afterEach(() => {
    scope.describe = original;
  });

  it('says which globals it needs', () => {
    delete scope.describe;
    expect(() => describeCacheTier('any', () => Promise.reject(new Error('not made')))).toThrow(
      'needs the globals `describe` and `it`',
    );
  });
});
