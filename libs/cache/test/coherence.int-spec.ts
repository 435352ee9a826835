import { Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Cacheable, CacheEvict, CacheModule, CacheService } from '@nest-strata/cache';
import type { CacheModuleOptions } from '@nest-strata/cache';
import { Gate, RedisServer } from '@nest-strata/testing';

const ROUNDS = 8;
/** How long an evict may take to be seen elsewhere, as the guarantee has it. */
const VISIBLE_WITHIN_MS = 50;
/** The bound that holds on a machine that is busy with something else. */
const LIVENESS_BOUND_MS = 1_000;

let redis: RedisServer;

/** Of all applications. */
let runs = 0;

@Injectable()
class HeroService {
  @Cacheable({ key: () => 'hero', tags: ['heroes'] })
  async find(): Promise<number> {
    return Promise.resolve(++runs);
  }

  @CacheEvict({ tags: ['heroes'] })
  async rename(): Promise<void> {}
}

async function boot(options: Partial<CacheModuleOptions>): Promise<INestApplication> {
  const settings: CacheModuleOptions = {
    namespace: 'coherent',
    redis: { url: redis.url, deadline: '1s' },
    ...options,
  };
  const imports = [CacheModule.forRoot({ caches: { named: {} }, ...settings })];
  const testing = await Test.createTestingModule({ imports, providers: [HeroService] }).compile();
  const app = testing.createNestApplication({ logger: false });
  return app.init();
}

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

/** Each application has connections and memory of its own, as if it were a process. */
describe.each(['tracking', 'tracking-reads', 'bus'] as const)('two applications on one Redis, by %s', (coherence) => {
  let one: INestApplication;
  let other: INestApplication;
  let cache: CacheService;
  let elsewhere: CacheService;

  beforeAll(async () => {
    const namespace = `coherent-${coherence}`;
    [one, other] = await Promise.all([boot({ coherence, namespace }), boot({ coherence, namespace })]);
    [cache, elsewhere] = [one.get(CacheService), other.get(CacheService)];
  });

  beforeEach(async () => {
    await cache.clear();
  });

  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
  });

  async function tierElsewhere(of: CacheService): Promise<string | undefined> {
    const found = await of.lookup('a');
    return found.hit ? found.tier : undefined;
  }

  /** How long it takes from the acknowledgement of a change until `there` no longer serves what was there before. */
  async function visibleAfterMs(
    change: (here: CacheService) => Promise<unknown>,
    here: CacheService,
    there: CacheService,
  ): Promise<number> {
    await here.set('a', 'old', { tags: ['t'] });
    do await there.get('a');
    while ((await tierElsewhere(there)) !== 'memory');
    await change(here);
    const changedAtMs = performance.now();
    while ((await there.get('a')) === 'old') await new Promise((resolve) => setImmediate(resolve));
    return performance.now() - changedAtMs;
  }

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['an evicted key', (in_) => in_.delete('a')],
    ['an evicted tag', (in_) => in_.deleteByTag('t')],
    ['a clear', (in_) => in_.clear()],
    ['an evicted pattern', (in_) => in_.deleteByPattern('a*')],
    ['an expired key', (in_) => in_.expire('a')],
    ['a new value', (in_) => in_.set('a', 'new')],
    ['a replaced value', (in_) => in_.replace('a', 'new')],
  ])('see %s of the other within 50 ms, in the root cache and in a named one', async (_, change) => {
    const tookMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      tookMs.push(await visibleAfterMs(change, cache, elsewhere));
      tookMs.push(await visibleAfterMs(change, cache.namespace('named'), elsewhere.namespace('named')));
    }
    tookMs.sort((a, b) => a - b);
    expect(tookMs[ROUNDS]).toBeLessThan(VISIBLE_WITHIN_MS);
    expect(tookMs.at(-1)).toBeLessThan(LIVENESS_BOUND_MS);
  });

  it('see what a decorated method of the other evicts', async () => {
    const [here, there] = [one.get(HeroService), other.get(HeroService)];
    const tookMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = await there.find();
      expect(await here.find()).toBe(before);
      await here.rename();
      const renamedAtMs = performance.now();
      while ((await there.find()) === before) await new Promise((resolve) => setImmediate(resolve));
      tookMs.push(performance.now() - renamedAtMs);
    }
    tookMs.sort((a, b) => a - b);
    expect(tookMs[ROUNDS / 2]).toBeLessThan(VISIBLE_WITHIN_MS);
    expect(tookMs.at(-1)).toBeLessThan(LIVENESS_BOUND_MS);
  });

  it('run one load for all who miss a key at once', async () => {
    let loads = 0;
    const load = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return ++loads;
    };
    const calls = [cache, elsewhere].flatMap((in_) => Array.from({ length: 50 }, () => in_.getOrSet('cold', load)));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
    expect(loads).toBe(1);
  });

  it('never store what was loaded before an evict of the other', async () => {
    const gate = new Gate();
    const loading = elsewhere.getOrSet('late', async () => {
      await gate.pass();
      return 'old';
    });
    await gate.arrival();
    await cache.delete('late');
    gate.open();
    expect(await loading).toBe('old');
    expect(await cache.getOrSet('late', () => 'new')).toBe('new');
    expect(await elsewhere.get('late')).toBe('new');
  });
});
