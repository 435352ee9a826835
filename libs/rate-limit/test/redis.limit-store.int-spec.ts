import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { RedisLimitStore } from '../src/store/redis.limit-store.js';
import type { LimitClaim } from '../src/store/limit-store.port.js';
import { claimOf, FIVE } from './support/claims.js';
import type { NamelessPolicy } from './support/claims.js';
import { takeOne } from './support/limit-store.contract.js';
import { LimitStores } from './support/limit-stores.js';

const ALL: readonly NamelessPolicy[] = [
  ...FIVE,
  { algorithm: 'leaky-queue', limit: 5, window: '1s', maxWait: '10s' },
  { algorithm: 'concurrency', limit: 5, lease: '1s' },
];

describe('RedisLimitStore', () => {
  let stores: LimitStores;
  let redis: RedisPort;

  beforeAll(async () => {
    stores = await LimitStores.start();
    redis = stores.redis;
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  const ttlMs = async (key: string): Promise<number> => Number(await redis.send('PTTL', [key]));
  const dump = async (keys: readonly string[]): Promise<string[]> =>
    Promise.all(keys.map(async (key) => ((await redis.send('DUMP', [key])) as Buffer).toString('hex')));
  const keysOf = async (namespace: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const keys of redis.scan(`strata:${namespace}:*`)) found.push(...keys);
    return found.sort();
  };
  const calls = async (command: string): Promise<number> =>
    Number(
      new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(String(await redis.send('INFO', ['commandstats'])))?.[1] ?? 0,
    );

  it('decides by the time of the server', async () => {
    const { store } = stores.inRedisTime();
    const [seconds = 0, micros = 0] = ((await redis.send('TIME', [])) as Buffer[]).map(Number);
    const { nowUs } = await store.take([claimOf(FIVE[0] as never)]);
    expect(nowUs).toBeGreaterThanOrEqual(seconds * 1_000_000 + micros);
    expect(nowUs).toBeLessThan((seconds + 60) * 1_000_000);
  });

  it('answers any number of policies and subjects in one trip', async () => {
    const { store, namespace } = stores.inRedisTime();
    const claims = ALL.flatMap((policy, index) =>
      ['user:1', 'tenant:2'].map((subject) => claimOf(policy, { subject, policy: `p${index}` })),
    );
    await store.take(claims);
    const before = await calls('evalsha');
    await expect(store.take(claims)).resolves.toMatchObject({ isAllowed: true });
    expect((await calls('evalsha')) - before).toBe(1);
    expect(await keysOf(namespace)).toEqual(
      ['tenant:2', 'user:1'].flatMap((subject) =>
        ['', ':p11', ':p5'].map((policy) => `strata:${namespace}:r:{${subject}}${policy}`),
      ),
    );
  });

  it.each(ALL)('lets a key live until its limit is as new, and little longer: $algorithm', async (policy) => {
    const { store, namespace } = stores.inRedisTime();
    const claim = claimOf(policy, { cost: 3 });
    const { resetAfterUs } = await takeOne(store, claim);
    const keys = await keysOf(namespace);
    expect(keys.length).toBe(/log|concurrency/.test(policy.algorithm) ? 2 : 1);
    for (const key of keys) {
      const leftMs = await ttlMs(key);
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(resetAfterUs / 1_000 + 102);
    }
  });

  it('never shortens the life of a longer limit of the same subject', async () => {
    const { store, namespace } = stores.inRedisTime();
    await store.take([claimOf({ algorithm: 'leaky-bucket', limit: 1, window: '1h' }, { policy: 'long' })]);
    await store.take([claimOf({ algorithm: 'leaky-bucket', limit: 1_000, window: '1s' }, { policy: 'short' })]);
    expect(await ttlMs(`strata:${namespace}:r:{user:1}`)).toBeGreaterThan(3_500_000);
  });

  it('gives a key that has lost its time to live a new one', async () => {
    const { store, namespace } = stores.inRedisTime();
    const claims = ALL.map((policy, index) => claimOf(policy, { policy: `p${index}` }));
    await store.take(claims);
    const keys = await keysOf(namespace);
    for (const key of keys) await redis.send('PERSIST', [key]);
    await store.take(claims);
    for (const key of keys) expect([key, await ttlMs(key)]).not.toEqual([key, -1]);
  });

  it('writes nothing when it is only asked', async () => {
    const { store, namespace } = stores.inRedisTime();
    await store.take(ALL.map((policy, index) => claimOf(policy, { policy: `p${index}`, cost: 0 })));
    await store.giveBack(ALL.map((policy, index) => claimOf(policy, { policy: `p${index}` })));
    expect(await keysOf(namespace)).toEqual([]);
  });

  it('writes nothing when it denies', async () => {
    const store = stores.inRedis();
    const claims = ALL.map((policy, index) => claimOf(policy, { policy: `p${index}`, subject: 'denied', cost: 2 }));
    const [last] = claims.slice(-3);
    await store.take(claims);
    const keys = (await keysOf('*')).filter((key) => key.includes('{denied}'));
    const before = await dump(keys);
    for (const cost of [0, 4, 5, 6]) {
      await expect(store.take([...claims.slice(0, 3), { ...(last as LimitClaim), cost: 6 }])).resolves.toMatchObject({
        isAllowed: false,
      });
      await store.take(claims.map((claim) => ({ ...claim, cost })));
    }
    expect(keys.length).toBe(3);
    expect(await dump(keys)).toEqual(before);
  });

  it('leaves no key of what it forgets', async () => {
    const { store, namespace } = stores.inRedisTime();
    const claims = ALL.map((policy, index) => claimOf(policy, { policy: `p${index}` }));
    await store.take(claims);
    await store.reset('user:1', ['p5']);
    expect(await keysOf(namespace)).toEqual(['', ':p11'].map((policy) => `strata:${namespace}:r:{user:1}${policy}`));
    await store.reset('user:1');
    expect(await keysOf(namespace)).toEqual([]);
  });

  it('judges more claims than Lua has local variables for', async () => {
    const { store } = stores.inRedisTime();
    const claims = Array.from({ length: 40 }, (_, index) =>
      claimOf(ALL[index % ALL.length] as NamelessPolicy, { policy: `p${index}`, subject: `user:${index % 3}` }),
    );
    const { isAllowed, verdicts } = await store.take(claims);
    expect(isAllowed).toBe(true);
    expect(verdicts.map(({ used }) => used)).toEqual(claims.map(() => 1));
  });

  it('goes on when the scripts of the server are flushed', async () => {
    const { store } = stores.inRedisTime();
    const claim = claimOf({ algorithm: 'sliding-log', limit: 100, window: '1h' });
    for (let used = 1; used <= 5; used++) {
      await redis.send('SCRIPT', ['FLUSH']);
      expect((await takeOne(store, claim)).used).toBe(used);
    }
  });

  it('admits just the limit of what many ask for at once', async () => {
    const { store } = stores.inRedisTime();
    const bucket = claimOf({ algorithm: 'leaky-bucket', limit: 5, window: '1h' });
    const log = claimOf({ algorithm: 'sliding-log', limit: 7, window: '1h' }, { subject: 'tenant:1' });
    const answers = await Promise.all(Array.from({ length: 200 }, () => store.take([bucket, log])));
    expect(answers.filter(({ isAllowed }) => isAllowed).length).toBe(5);
  });

  it('keeps five limits of a subject in a packed hash', async () => {
    const { store, namespace } = stores.inRedisTime();
    const policies = [0, 2, 6, 7, 8].map((index) => FIVE[index] as NamelessPolicy);
    await store.take(policies.map((policy, index) => claimOf(policy, { policy: `p${index}` })));
    const key = `strata:${namespace}:r:{user:1}`;
    expect(String(await redis.send('OBJECT', ['ENCODING', key]))).toBe('listpack');
  });

  it('keeps its times over the moment at which what is stored of them begins at 0 again', async () => {
    const store = stores.inRedis();
    const claims = FIVE.map((policy, index) => claimOf(policy, { policy: `p${index}`, cost: 4 }));
    const savedUs = stores.clock.nowUs;
    stores.clock.nowUs = 7 * 2 ** 48 - 1;
    await store.take(claims);
    stores.clock.nowUs += 2;
    const { verdicts } = await store.take(claims.map((claim) => ({ ...claim, cost: 0 })));
    stores.clock.nowUs = savedUs;
    expect(verdicts.map(({ used }) => used)).toEqual(claims.map(() => 4));
    expect(Math.max(...verdicts.map(({ resetAfterUs }) => resetAfterUs))).toBeLessThan(3_000_000);
  });

  it('never lets a clock that is set back by the whole lead of a queue do more than deny', async () => {
    const store = stores.inRedis();
    const claim = claimOf({ algorithm: 'leaky-queue', limit: 1, window: '1h', maxWait: '0ms' });
    await takeOne(store, claim);
    stores.clock.nowUs -= 3_600_000_000;
    expect(await takeOne(store, claim)).toMatchObject({ isAllowed: false, retryAfterUs: 7_200_000_000 });
    stores.clock.nowUs += 3_600_000_000;
  });

  it('says that Redis is away', async () => {
    const server = await RedisServer.start();
    const lonely = createRedis({ url: server.url, deadline: '200ms' });
    await lonely.connect();
    const store = new RedisLimitStore(lonely, { namespace: 'n' });
    await store.take([claimOf(FIVE[0] as never)]);
    await server.kill();
    await expect(store.take([claimOf(FIVE[0] as never)])).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await lonely.close();
    await server.stop();
  });

  it('refuses an empty namespace', () => {
    expect(() => new RedisLimitStore(redis, { namespace: '' })).toThrow(RangeError);
  });
});
