import { isDeepStrictEqual } from 'node:util';
import { describe, it } from '@jest/globals';
import { keyOfArguments, KeySpace } from '@nest-strata/engine';
import fc from 'fast-check';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const ARGUMENT_LISTS = 50_000 * SCALE;
const SEED = 20_261_120;

/** Texts that look like what separates and escapes. */
const tricky = fc.string({
  unit: fc.constantFrom('a', 'b', ':', '.', ',', '"', '{', '}', '[', ']', '%', '2', '5', '~', ' ', '\n', '\ud83d', 'é'),
});
const plain = fc.anything({
  key: tricky,
  values: [
    tricky,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.date(),
  ],
  withMap: true,
  withSet: true,
  maxDepth: 2,
});

/** The first value for each key; two different ones for the same key are a collision. */
class Collisions<Value> {
  readonly #valueOf = new Map<string, Value>();
  readonly found: string[] = [];

  note(key: string, value: Value, isSame: (one: Value, other: Value) => boolean): void {
    const known = this.#valueOf.get(key);
    if (known === undefined && !this.#valueOf.has(key)) this.#valueOf.set(key, value);
    else if (!isSame(known as Value, value))
      this.found.push(`${fc.stringify(known)} and ${fc.stringify(value)} are ${key}`);
  }
}

describe('V15: no two things share a key', () => {
  it(
    'arguments that differ have different keys, whatever is in them',
    async () => {
      const collisions = new Collisions<readonly unknown[]>();
      for (const args of fc.sample(fc.array(plain, { maxLength: 3 }), { numRuns: ARGUMENT_LISTS, seed: SEED })) {
        // Which ignores the order of properties, of entries and of items, as keys do.
        collisions.note(keyOfArguments(args), args, isDeepStrictEqual);
      }
      await expectKept('V15 keys are injective', 0, verdictOf(ARGUMENT_LISTS, collisions.found));
    },
    120_000 * SCALE,
  );

  it(
    'namespaces, keys, tags, leases and records never meet in Redis',
    async () => {
      const collisions = new Collisions<readonly string[]>();
      const names = fc.array(
        tricky.filter((name) => name !== ''),
        { minLength: 1, maxLength: 3 },
      );
      const samples = fc.sample(
        fc.tuple(
          names,
          tricky.filter((key) => key !== ''),
        ),
        { numRuns: ARGUMENT_LISTS, seed: SEED },
      );
      for (const [path, key] of samples) {
        const keys = new KeySpace(path);
        collisions.note(keys.valueKey(key), ['value', ...path, key], isDeepStrictEqual);
        collisions.note(keys.leaseKey(key), ['lease', ...path, key], isDeepStrictEqual);
        collisions.note(keys.counterKey(key), ['counter', ...path, key], isDeepStrictEqual);
        collisions.note(keys.tagKey(key), ['tag', ...path, key], isDeepStrictEqual);
        collisions.note(keys.clearKey, ['clear', ...path], isDeepStrictEqual);
      }
      await expectKept('V15 keys are injective', 0, verdictOf(5 * ARGUMENT_LISTS, collisions.found));
    },
    120_000 * SCALE,
  );
});
