import { SeededRandom } from '@nest-strata/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedRedis } from '../../libs/engine/test/shared-redis.js';
import { checkRandomly } from './support/check-randomly.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';
import { TagModel } from './support/tag-model.js';

const INVARIANT = 'V9 tag completeness';
const TIMEOUT_MS = 120_000 * SCALE;
const ENTRIES = 10_000 * SCALE;
const TAGS = Array.from({ length: 40 }, (_, at) => `tag-${String(at)}`);
const MAX_TAGS = 4;
const PER_BATCH = 100;

let redis: SharedRedis;

beforeAll(async () => {
  // What it has written outlives its process; that it outlives the machine is not needed here, and slow.
  redis = await SharedRedis.start({ deadline: '5s', persistent: true, config: { appendfsync: 'no' } });
});

afterAll(() => redis.stop());

/** Puts so many entries, each batch with tags of its own, by all processes in turn. */
async function fill(model: TagModel, count: number, random: SeededRandom, prefix = 'entry'): Promise<void> {
  const below = (bound: number): number => Math.floor(random.fraction() * bound);
  for (let at = 0; at < count; at += PER_BATCH) {
    const keys = Array.from({ length: PER_BATCH }, (_, index) => `${prefix}-${String(at + index)}`);
    const tags = new Set(Array.from({ length: below(MAX_TAGS + 1) }, () => TAGS[below(TAGS.length)] ?? ''));
    await model.put(at / PER_BATCH, keys, [...tags]);
  }
}

describe('V9: deleteByTag takes what carries the tag, and nothing else', () => {
  type Step =
    | {
        readonly do: 'put';
        readonly by: number;
        readonly from: number;
        readonly count: number;
        readonly tags: string[];
      }
    | { readonly do: 'deleteByTag'; readonly by: number; readonly tags: string[] }
    | { readonly do: 'deleteKeys'; readonly by: number; readonly from: number; readonly count: number }
    | { readonly do: 'clear'; readonly by: number }
    | { readonly do: 'loseRecord'; readonly tag: string | undefined }
    | { readonly do: 'flushScripts' };

  const by = fc.nat(2);
  const tags = (minLength: number) =>
    fc.uniqueArray(fc.constantFrom(...TAGS.slice(0, 6)), { minLength, maxLength: MAX_TAGS });
  const range = { by, from: fc.nat(150), count: fc.integer({ min: 1, max: 60 }) };
  const put = fc.record({ do: fc.constant('put' as const), ...range, tags: tags(0) });
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: put },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('deleteByTag' as const), by, tags: tags(1) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('deleteKeys' as const), ...range }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), by }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('loseRecord' as const),
          tag: fc.option(fc.constantFrom(...TAGS.slice(0, 6)), { nil: undefined, freq: 8 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'flushScripts' as const }) },
    ),
    { minLength: 5, maxLength: 25 },
  );

  async function take(model: TagModel, step: Step): Promise<void> {
    const keysOf = ({ from, count }: { from: number; count: number }): string[] =>
      Array.from({ length: count }, (_, at) => `key-${String(from + at)}`);
    if (step.do === 'put') await model.put(step.by, keysOf(step), step.tags);
    else if (step.do === 'deleteByTag') await model.deleteByTag(step.by, step.tags);
    else if (step.do === 'deleteKeys') await model.deleteKeys(step.by, keysOf(step));
    else if (step.do === 'clear') await model.clear(step.by);
    else if (step.do === 'loseRecord') await model.loseRecord(step.tag);
    else await model.tellRedis('SCRIPT', 'FLUSH');
  }

  it(
    'in any history, also where Redis loses records and scripts',
    async () => {
      await checkRandomly(
        steps,
        async (history) => {
          await using model = await TagModel.start(redis);
          for (const step of history) {
            await take(model, step);
            await model.check(step.do);
          }
          const faults = history.filter((step) => step.do === 'loseRecord' || step.do === 'flushScripts').length;
          await expectKept(INVARIANT, faults, model.verdict);
        },
        { runs: 20 * SCALE, withinMs: 60_000 * SCALE },
      );
    },
    TIMEOUT_MS,
  );
});

describe('V9: among many entries', () => {
  let model: TagModel;
  let random: SeededRandom;
  let faults: number;

  beforeEach(async () => {
    await redis.server.restart();
    await redis.port.connect();
    model = await TagModel.start(redis);
    random = new SeededRandom(9);
    faults = 0;
    await fill(model, ENTRIES, random);
  });

  afterEach(async () => {
    await expectKept(INVARIANT, faults, model.verdict);
    await model[Symbol.asyncDispose]();
  });

  it(
    'those that carry a tag are gone, whichever process says so, and stay so when others are put',
    async () => {
      expect(await model.check('filling')).toEqual([ENTRIES, ENTRIES, ENTRIES]);
      for (const [at, tag] of TAGS.slice(0, 3).entries()) {
        const before = model.size;
        await model.deleteByTag(at, [tag]);
        expect(model.size).toBeLessThan(before);
        await model.check('deleteByTag');
      }
      await fill(model, ENTRIES / 10, random, 'later');
      await model.check('filling again');
      await model.deleteByTag(1, TAGS);
      await model.check('deleteByTag of all');
      expect(model.size).toBeGreaterThan(ENTRIES / (MAX_TAGS * 2));
    },
    TIMEOUT_MS,
  );

  it(
    'none comes back that was gone before Redis was restarted, with its data or without',
    async () => {
      await model.check('filling');
      await model.deleteByTag(0, [TAGS[0] ?? '']);
      await model.loseRecord(TAGS[1]);
      await redis.server.kill();
      await redis.server.restart();
      faults = 3;
      await model.untilRecovered();
      await model.check('a restart', 'no-more');
      await model.shrinkToWhatIsThere();
      await model.deleteByTag(1, [TAGS[2] ?? '']);
      await model.check('deleteByTag after a restart');
      await model.tellRedis('FLUSHALL');
      expect(await model.check('losing everything', 'no-more')).toEqual([0, 0, 0]);
      await fill(model, PER_BATCH * 10, random);
      await model.check('filling again', 'no-more');
    },
    TIMEOUT_MS,
  );
});

describe('V9: in a Redis that is too small for all', () => {
  it(
    'no entry is there whose tag was deleted, whatever Redis throws away',
    async () => {
      await using small = await SharedRedis.start({ deadline: '5s', config: { 'maxmemory-policy': 'allkeys-lru' } });
      await using model = await TagModel.start(small);
      const random = new SeededRandom(90);
      const count = ENTRIES / 2;
      const info = async (name: string): Promise<number> =>
        Number(new RegExp(`${name}:(\\d+)`).exec(String(await model.tellRedis('INFO', 'everything')))?.[1]);
      await fill(model, count / 2, random);
      await model.tellRedis('CONFIG', 'SET', 'maxmemory', String(await info('used_memory')));
      const found: number[] = [];
      for (let round = 0; round < 3; round++) {
        await fill(model, count, random);
        await model.deleteByTag(round, [TAGS[round] ?? '']);
        found.push(...(await model.check('filling a Redis that is too small', 'no-more')));
      }
      await expectKept(INVARIANT, 3, model.verdict);
      expect(await info('evicted_keys')).toBeGreaterThan(count / 4);
      expect(Math.max(...found)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
