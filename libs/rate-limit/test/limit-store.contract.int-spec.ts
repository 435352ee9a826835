import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LimitStores } from './support/limit-stores.js';
import { describeLimitStore } from './support/limit-store.contract.js';

let stores: LimitStores;

beforeAll(async () => {
  stores = await LimitStores.start();
});
afterAll(() => stores[Symbol.asyncDispose]());

describeLimitStore('MemoryLimitStore', () => ({ store: stores.inMemory(), clock: stores.clock }));
describeLimitStore('RedisLimitStore', () => ({ store: stores.inRedis(), clock: stores.clock }));

describe('the keys that the contract left behind', () => {
  it('all have a time to live', async () => {
    let seen = 0;
    for await (const keys of stores.redis.scan('strata:*')) {
      for (const key of keys) expect([key, Number(await stores.redis.send('PTTL', [key])) > 0]).toEqual([key, true]);
      seen += keys.length;
    }
    expect(seen).toBeGreaterThan(50);
  });
});
