import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { MemoryQuotaStore } from '../src/quota/memory.quota-store.js';
import { RedisQuotaStore } from '../src/quota/redis.quota-store.js';
import { describeQuotaStore } from './quota-store.contract.js';

let server: RedisServer;
let redis: RedisPort;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '5s' });
  await redis.connect();
});
afterAll(async () => {
  await redis.close();
  await server.stop();
});

describeQuotaStore('MemoryQuotaStore', async () => ({
  store: new MemoryQuotaStore(),
  [Symbol.asyncDispose]: async () => {},
}));

describeQuotaStore('RedisQuotaStore', async () => ({
  store: new RedisQuotaStore(redis, 'app'),
  [Symbol.asyncDispose]: async () => {
    await redis.send('FLUSHALL', []);
  },
}));

describe('MemoryQuotaStore', () => {
  const counters = [{ id: 'd', startsAtMs: 0, endsAtMs: 1_000, limit: 10 }];
  const common = { quota: 'q', counters, thresholds: [], keepMs: 500, rememberMs: 100, reserveMs: undefined };

  it('forgets who asked longest ago beyond its bound', async () => {
    const store = new MemoryQuotaStore({ maxAccounts: 2, nowMs: () => 5 });
    for (const user of ['a', 'b', 'a', 'c']) await store.take({ ...common, user, id: undefined, cost: 1 });
    expect(await store.usedIn('a', 'q', ['d'])).toEqual([2]);
    expect(await store.usedIn('b', 'q', ['d'])).toEqual([0]);
  });

  it('forgets ids and counts in time', async () => {
    let nowMs = 5;
    const store = new MemoryQuotaStore({ nowMs: () => nowMs });
    const take = (id: string) => store.take({ ...common, user: 'a', id, cost: 1 });
    await take('x');
    nowMs = 104;
    expect((await take('x')).outcome).toBe('repeated');
    nowMs = 105;
    expect((await take('x')).outcome).toBe('taken');
    nowMs = 1_500;
    await store.take({ ...common, counters: [], user: 'a', id: undefined, cost: 1 });
    expect(await store.usedIn('a', 'q', ['d'])).toEqual([0]);
  });
});

describe('RedisQuotaStore', () => {
  beforeEach(async () => {
    await redis.send('FLUSHALL', []);
  });

  it('keeps plain numbers under keys that can be read, and no key without an end', async () => {
    const store = new RedisQuotaStore(redis, 'app');
    const nowMs = await store.nowMs();
    const span = { startsAtMs: nowMs - 1_000, endsAtMs: nowMs + 60_000 };
    const scope = {
      user: '42',
      quota: 'api_calls',
      counters: [
        { id: '2026-11-20', limit: 10, ...span },
        { id: '2026-11', limit: 10, ...span },
      ],
      thresholds: [50],
      keepMs: 86_400_000,
      rememberMs: 60_000,
    };
    await store.take({ ...scope, cost: 3, id: undefined, reserveMs: undefined });
    await store.take({ ...scope, cost: 2, id: 'a b', reserveMs: undefined });
    await store.take({ ...scope, cost: 1, id: 'r1', reserveMs: 60_000 });
    await store.take({ ...scope, cost: 1, id: 'r2', reserveMs: 60_000 });
    await store.settle({ ...scope, id: 'r2', actual: 3, isForced: false });
    const keys = ((await redis.send('KEYS', ['*'])) as Buffer[]).map(String).sort();
    expect(keys).toEqual([
      'strata:app:q:42:api_calls:2026-11',
      'strata:app:q:42:api_calls:2026-11-20',
      'strata:app:q:42:api_calls:2026-11-20:warned',
      'strata:app:q:42:api_calls:2026-11:warned',
      'strata:app:q:42:api_calls:ends',
      'strata:app:q:42:api_calls:id:a b',
      'strata:app:q:42:api_calls:id:r1',
      'strata:app:q:42:api_calls:id:r2',
      'strata:app:q:42:api_calls:open',
    ]);
    expect(String(await redis.send('GET', ['strata:app:q:42:api_calls:2026-11-20']))).toBe('9');
    for (const key of keys) expect([key, Number(await redis.send('PTTL', [key])) > 0]).toEqual([key, true]);
    const endsAtMs = Number(await redis.send('PEXPIRETIME', ['strata:app:q:42:api_calls:2026-11-20']));
    expect(endsAtMs).toBe(span.endsAtMs + 86_400_000);
  });

  it('counts exactly up to what a number holds', async () => {
    const store = new RedisQuotaStore(redis, 'app');
    const nowMs = await store.nowMs();
    const counters = [{ id: 'd', startsAtMs: nowMs - 1, endsAtMs: nowMs + 60_000, limit: 2 ** 43 }];
    const scope = { user: '1', quota: 'q', counters, thresholds: [100], keepMs: 1_000, rememberMs: 1_000 };
    const take = (cost: number) => store.take({ ...scope, cost, id: undefined, reserveMs: undefined });
    expect(await take(2 ** 43 - 1)).toMatchObject({ outcome: 'taken', used: [2 ** 43 - 1], reached: [[]] });
    expect((await take(2)).outcome).toBe('denied');
    expect(await take(1)).toMatchObject({ outcome: 'taken', used: [2 ** 43], reached: [[100]] });
  });
});
