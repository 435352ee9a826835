import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { eventually, FakeClock, RedisServer, SeededRandom } from '@nest-strata/testing';
import type { RateLimitEvent } from '../src/limiter/rate-limit-event.js';
import { RateLimitExceededError } from '../src/limiter/rate-limit-exceeded.error.js';
import { RateLimiter } from '../src/limiter/rate-limiter.js';
import type { RateLimiterOptions } from '../src/limiter/rate-limiter-options.js';
import { InvalidPolicyError } from '../src/policy/invalid-policy.error.js';
import type { LimitPolicy } from '../src/policy/limit-policy.js';
import { policiesByPlan } from '../src/policy/policy-plans.js';
import { UnknownPolicyError } from '../src/policy/unknown-policy.error.js';
import { InvalidClaimError } from '../src/store/invalid-claim.error.js';

const BURST: LimitPolicy = { name: 'burst', algorithm: 'fixed-window', limit: 3, window: '1h', anchor: 'subject' };
const DAILY: LimitPolicy = { name: 'daily', algorithm: 'sliding-window', limit: 5, window: '1d' };
const JOBS: LimitPolicy = { name: 'jobs', algorithm: 'concurrency', limit: 2 };
const QUEUE: LimitPolicy = { name: 'queue', algorithm: 'leaky-queue', limit: 10, window: '1s', maxWait: '1s' };
const USER = { subject: 'user:42' };

let server: RedisServer;
let redis: RedisPort;
let limiters: RateLimiter[];

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '5s' });
  await redis.connect();
});
afterAll(async () => {
  await redis.close();
  await server.stop();
});
beforeEach(() => {
  limiters = [];
});
afterEach(async () => {
  await Promise.all(limiters.map((limiter) => limiter.close()));
  await redis.send('FLUSHALL', []);
});

function opened(limiter: RateLimiter): RateLimiter {
  limiters.push(limiter);
  return limiter;
}

/** A limiter with little time passing: without Redis on a clock that stands still. */
const KINDS = [
  ['in memory', (options) => RateLimiter.create({ namespace: 'app', ...options }, { clock: new FakeClock() })],
  ['on Redis', (options) => RateLimiter.create({ namespace: 'app', ...options }, { redis })],
] as [string, (options: Partial<RateLimiterOptions>) => RateLimiter][];

describe.each(KINDS)('RateLimiter %s', (kind, make) => {
  const create = (options: Partial<RateLimiterOptions>): RateLimiter => opened(make(options));
  const source = kind === 'on Redis' ? 'redis' : 'memory';

  it('admits up to the limit, and tells how the subject stands', async () => {
    const limiter = create({ policies: [BURST] });
    expect(await limiter.consume({ ...USER, cost: 2 })).toEqual({
      isAllowed: true,
      isBlocked: false,
      retryAfterMs: 0,
      waitMs: 0,
      lease: undefined,
      isDegraded: false,
      policies: [
        {
          policy: 'burst',
          subject: 'user:42',
          isAllowed: true,
          isShadowDenial: false,
          denial: undefined,
          limit: 3,
          remaining: 1,
          used: 2,
          retryAfterMs: 0,
          resetAfterMs: expect.any(Number),
          waitMs: 0,
          source,
          isDegraded: false,
        },
      ],
      declared: [BURST],
    });
    const denied = await limiter.consume({ ...USER, cost: 2 });
    expect(denied).toMatchObject({ isAllowed: false, policies: [{ denial: 'limit', used: 2, remaining: 1 }] });
    expect(denied.retryAfterMs).toBeGreaterThan(0);
    expect((await limiter.consume(USER)).isAllowed).toBe(true);
  });

  it('takes from all policies or from none', async () => {
    const limiter = create({ policies: [BURST, DAILY] });
    await limiter.consume({ ...USER, cost: 3 });
    const denied = await limiter.consume(USER);
    expect(denied.policies.map(({ isAllowed }) => isAllowed)).toEqual([false, true]);
    expect((await limiter.status(USER)).policies.map(({ used }) => used)).toEqual([3, 3]);
  });

  it('says that waiting does not help where more is asked for than there is', async () => {
    const limiter = create({ policies: [BURST] });
    expect(await limiter.consume({ ...USER, cost: 4 })).toMatchObject({
      isAllowed: false,
      retryAfterMs: Infinity,
      policies: [{ denial: 'never' }],
    });
  });

  it('takes a cost and a subject of its own for each policy', async () => {
    const limiter = create({ policies: [BURST, DAILY] });
    const request = { subject: { burst: 'ip:1', daily: 'user:42' }, cost: { daily: 4 } };
    const { policies } = await limiter.consume(request);
    expect(policies.map(({ subject, used }) => [subject, used])).toEqual([
      ['ip:1', 1],
      ['user:42', 4],
    ]);
    await expect(limiter.consume({ subject: { burst: 'ip:1' } })).rejects.toThrow(InvalidClaimError);
  });

  it('asks without taking, of what is judged as it would be taken', async () => {
    const limiter = create({ policies: [BURST, QUEUE, JOBS] });
    expect(await limiter.check({ ...USER, cost: 3 })).toMatchObject({ isAllowed: true });
    expect(await limiter.check({ ...USER, cost: 4, policies: ['burst'] })).toMatchObject({
      isAllowed: false,
      retryAfterMs: Infinity,
    });
    await limiter.consume({ ...USER, cost: 2, policies: ['burst'] });
    const check = await limiter.check({ ...USER, cost: 2, policies: ['burst'] });
    expect(check).toMatchObject({ isAllowed: false, policies: [{ used: 2, remaining: 1, denial: 'limit' }] });
    expect(check.retryAfterMs).toBeGreaterThan(0);
    expect((await limiter.status(USER)).policies.map(({ used }) => used)).toEqual([2, 0, 0]);
  });

  it('throws a real error where it is asked to', async () => {
    const limiter = create({ policies: [BURST] });
    await limiter.consumeOrThrow({ ...USER, cost: 3 });
    const failure: unknown = await limiter.consumeOrThrow(USER).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RateLimitExceededError);
    expect(failure).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', result: { isAllowed: false } });
    expect((failure as Error).message).toMatch(/denied by burst\): try again in \d+ ms/);
  });

  it('counts what a shadow would deny, and admits', async () => {
    const limiter = create({ policies: [{ ...BURST, mode: 'shadow' }, DAILY] });
    const events: RateLimitEvent[] = [];
    limiter.listen((event) => events.push(event));
    await limiter.consume({ ...USER, cost: 3 });
    expect(await limiter.consume(USER)).toMatchObject({
      isAllowed: true,
      retryAfterMs: 0,
      policies: [{ isAllowed: true, isShadowDenial: true, denial: 'limit', used: 3 }, { used: 4 }],
    });
    expect(events.map(({ type }) => type)).toEqual(['allowed', 'allowed', 'shadow-denied']);
    expect(limiter.violations()).toEqual([{ policy: 'burst', denials: 0, shadowDenials: 1 }]);
    expect(limiter.topOffenders()).toEqual([]);
  });

  it('does not count a policy that is off', async () => {
    const limiter = create({ policies: [{ ...BURST, mode: 'off' }] });
    expect(await limiter.consume({ ...USER, cost: 9 })).toMatchObject({ isAllowed: true, policies: [] });
    expect(await limiter.consume({ ...USER, policies: ['burst'] })).toMatchObject({ policies: [] });
  });

  it('takes without asking, and gives back', async () => {
    const limiter = create({ policies: [DAILY] });
    expect(await limiter.penalize({ ...USER, cost: 7 })).toMatchObject({ policies: [{ used: 7, remaining: 0 }] });
    expect((await limiter.consume(USER)).isAllowed).toBe(false);
    await limiter.reward({ ...USER, cost: 3 });
    expect(await limiter.consume(USER)).toMatchObject({ isAllowed: true, policies: [{ used: 5 }] });
  });

  it('forgets what a subject has used, also where it was known to be blocked', async () => {
    const limiter = create({ policies: [BURST, DAILY] });
    await limiter.consume({ ...USER, cost: 3 });
    await limiter.consume(USER);
    await limiter.reset('user:42', ['burst']);
    expect((await limiter.consume(USER)).policies.map(({ used }) => used)).toEqual([1, 4]);
    await limiter.reset('user:42');
    expect((await limiter.consume(USER)).policies.map(({ used }) => used)).toEqual([1, 1]);
  });

  it('gives policies by the plan of the request, and keeps what was used on another', async () => {
    let asked = 0;
    const limiter = create({
      resolve: policiesByPlan({ free: [BURST], pro: [{ ...BURST, limit: 10 }] }, ({ context }) => {
        asked++;
        return context as 'free' | 'pro';
      }),
    });
    await limiter.consume({ ...USER, cost: 3, context: 'free' });
    expect((await limiter.consume({ ...USER, context: 'free' })).isAllowed).toBe(false);
    expect(await limiter.consume({ ...USER, context: 'pro' })).toMatchObject({
      isAllowed: true,
      policies: [{ used: 4, limit: 10 }],
    });
    expect(asked).toBe(3);
    await expect(limiter.consume({ ...USER, context: 'gold' })).rejects.toThrow(UnknownPolicyError);
  });

  it('takes policies by name or as they are', async () => {
    const limiter = create({ policies: [BURST] });
    const { policies } = await limiter.consume({ ...USER, policies: ['burst', DAILY] });
    expect(policies.map(({ policy }) => policy)).toEqual(['burst', 'daily']);
    await expect(limiter.consume({ ...USER, policies: ['none'] })).rejects.toThrow(UnknownPolicyError);
    await expect(limiter.consume({ ...USER, policies: [BURST, BURST] })).rejects.toThrow(InvalidPolicyError);
    await expect(limiter.consume({ subject: '' })).rejects.toThrow(InvalidClaimError);
    await expect(limiter.consume({ ...USER, cost: -1 })).rejects.toThrow(InvalidClaimError);
  });

  describe('with places', () => {
    it('admits as many at once as there are, until one is given back', async () => {
      const limiter = create({ policies: [JOBS] });
      const first = await limiter.consume(USER);
      await limiter.consume(USER);
      expect((await limiter.consume(USER)).isAllowed).toBe(false);
      expect(first.lease).toMatch(/^[0-9a-f]{24}$/);
      await limiter.release({ ...USER, lease: first.lease ?? '' });
      expect((await limiter.consume(USER)).isAllowed).toBe(true);
    });

    it('gives the place back when the work is done, also when it fails', async () => {
      const limiter = create({ policies: [JOBS] });
      const work = async (): Promise<number> => (await limiter.status(USER)).policies[0]?.used ?? 0;
      expect(await limiter.run(USER, work)).toBe(1);
      await expect(limiter.run(USER, () => Promise.reject(new Error('work')))).rejects.toThrow('work');
      expect((await limiter.status(USER)).policies[0]?.used).toBe(0);
    });

    it('does no work that is denied', async () => {
      const limiter = create({ policies: [JOBS] });
      await Promise.all([limiter.consume(USER), limiter.consume(USER)]);
      await expect(limiter.run(USER, () => 1)).rejects.toThrow(RateLimitExceededError);
    });
  });

  it('gives back the turn in a queue that nobody waits for any more', async () => {
    const limiter = create({ policies: [QUEUE] });
    await limiter.consume(USER);
    const given = new AbortController();
    const waiting = limiter.run({ ...USER, signal: given.signal }, () => 1);
    await eventually(async () => (await limiter.status(USER)).policies[0]?.used === 2);
    given.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect((await limiter.status(USER)).policies[0]?.used).toBeLessThan(2);
    await expect(limiter.run({ ...USER, signal: given.signal }, () => 1)).rejects.toThrow('gone');
  });

  it('counts denials by policy, and who was denied most often', async () => {
    const limiter = create({ policies: [BURST], blocked: { maxSubjects: 0 } });
    for (const subject of ['a', 'b', 'b', 'b']) await limiter.consume({ subject, cost: 4 });
    expect(limiter.violations()).toEqual([{ policy: 'burst', denials: 4, shadowDenials: 0 }]);
    expect(limiter.topOffenders(1)).toEqual([{ subject: 'b', denials: 3, maxError: 0 }]);
  });

  it('says in words why a request would pass or not', async () => {
    const limiter = create({ policies: [BURST, { ...DAILY, mode: 'shadow' }] });
    expect((await limiter.explain(USER)).lines).toEqual([
      'It would pass.',
      'burst of user:42: 0 of 3 used; admits.',
      'daily of user:42: 0 of 5 used; admits.',
    ]);
    await limiter.consume({ ...USER, cost: 3 });
    expect((await limiter.explain({ ...USER, cost: 3 })).lines).toEqual([
      expect.stringMatching(/^It would be denied for [\d.]+ s\.$/),
      expect.stringMatching(/^burst of user:42: 3 of 3 used, all is as new in [\d.]+ s; denies for [\d.]+ s\.$/),
      expect.stringMatching(/^daily of user:42: 3 of 5 used, .*; only watches, and would deny for [\d.]+ s\.$/),
    ]);
  });

  describe('with a ladder of blocks', () => {
    const escalation = { after: 3, blocks: ['1m', '1h'], forgetAfter: '1d' } as const;

    it('blocks who is denied again and again, for longer each time, on all policies', async () => {
      const limiter = create({ policies: [BURST, JOBS], escalation, blocked: { maxSubjects: 0 } });
      const events: RateLimitEvent[] = [];
      limiter.listen((event) => event.type === 'blocked' && events.push(event));
      const deny = () => limiter.consume({ ...USER, cost: 4, policies: ['burst'] });
      await deny();
      await deny();
      expect((await limiter.consume({ ...USER, policies: ['jobs'] })).isAllowed).toBe(true);
      await deny();
      await eventually(() => events.length === 1);
      expect(events).toEqual([{ type: 'blocked', subject: 'user:42', denials: 3, forMs: 60_000 }]);
      const blocked = await limiter.consume({ ...USER, policies: ['jobs'] });
      expect(blocked).toMatchObject({ isAllowed: false, isBlocked: true });
      expect(blocked.retryAfterMs).toBeGreaterThan(59_000);
      expect(blocked.retryAfterMs).toBeLessThanOrEqual(60_000);
      expect(await limiter.status(USER)).toMatchObject({ isAllowed: false, isBlocked: true });
      expect((await limiter.consume({ subject: 'user:43' })).isAllowed).toBe(true);
    });

    it('counts no denial of who is blocked, and forgets the block at a reset', async () => {
      const limiter = create({ policies: [BURST], escalation, blocked: { maxSubjects: 0 } });
      const events: RateLimitEvent[] = [];
      limiter.listen((event) => event.type === 'blocked' && events.push(event));
      for (let count = 0; count < 3; count++) await limiter.consume({ ...USER, cost: 4 });
      await eventually(() => events.length === 1);
      for (let count = 0; count < 10; count++) {
        expect((await limiter.consume({ ...USER, cost: 4 })).isBlocked).toBe(true);
      }
      await limiter.close();
      expect(events).toHaveLength(1);
      await limiter.reset('user:42');
      expect((await limiter.consume(USER)).isAllowed).toBe(true);
    });

    it('hears of denials that were answered from memory', async () => {
      const limiter = create({ policies: [BURST], escalation });
      await limiter.consume({ ...USER, cost: 3 });
      const events: RateLimitEvent[] = [];
      limiter.listen((event) => event.type === 'blocked' && events.push(event));
      for (let count = 0; count < 5; count++) await limiter.consume(USER);
      await eventually(() => events.length === 1);
      expect(events[0]).toMatchObject({ denials: 4, forMs: 60_000 });
      expect(await limiter.consume(USER)).toMatchObject({ isBlocked: true });
    });
  });
});

describe('RateLimiter', () => {
  it('waits for the turn of a request, in order, on the clock', async () => {
    const clock = new FakeClock();
    const limiter = opened(RateLimiter.create({ namespace: 'app', policies: [QUEUE] }, { clock }));
    const order: number[] = [];
    const all = [0, 1, 2].map((turn) => limiter.run(USER, () => order.push(turn)));
    await clock.advanceAsync(99);
    expect(order).toEqual([0]);
    await clock.advanceAsync(1);
    expect(order).toEqual([0, 1]);
    await clock.advanceAsync(100);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2]);
  });

  it('keeps the place of work that takes longer than a lease', async () => {
    const clock = new FakeClock();
    const limiter = opened(
      RateLimiter.create({ namespace: 'app', policies: [{ ...JOBS, lease: '3s' }] as LimitPolicy[] }, { clock }),
    );
    let finish = (): void => undefined;
    const work = limiter.run(USER, () => new Promise<void>((resolve) => (finish = resolve)));
    await clock.advanceAsync(10_000);
    expect((await limiter.status(USER)).policies[0]?.used).toBe(1);
    finish();
    await work;
    expect((await limiter.status(USER)).policies[0]?.used).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('climbs the ladder and down again', async () => {
    const clock = new FakeClock();
    const limiter = opened(
      RateLimiter.create(
        {
          namespace: 'app',
          policies: [BURST],
          blocked: { maxSubjects: 0 },
          escalation: { after: 2, blocks: ['1m', '10m'], forgetAfter: '1d' },
        },
        { clock },
      ),
    );
    const blocks: number[] = [];
    limiter.listen((event) => event.type === 'blocked' && blocks.push(event.forMs));
    const denyTwice = async (): Promise<void> => {
      for (let count = 0; count < 2; count++) await limiter.consume({ ...USER, cost: 4 });
      await clock.advanceAsync(0);
    };
    await denyTwice();
    clock.advance(59_999);
    expect((await limiter.consume(USER)).isBlocked).toBe(true);
    clock.advance(1);
    expect((await limiter.consume(USER)).isBlocked).toBe(false);
    await denyTwice();
    clock.advance(600_001);
    await denyTwice();
    expect(blocks).toEqual([60_000, 600_000, 600_000]);
    clock.advance(3 * 86_400_000);
    await denyTwice();
    expect(blocks).toEqual([60_000, 600_000, 600_000, 60_000]);
  });

  it('answers who is known to be denied without asking Redis, until it may pass', async () => {
    const clock = new FakeClock();
    const limiter = opened(
      RateLimiter.create(
        { namespace: 'app', policies: [{ name: 'a', algorithm: 'leaky-bucket', limit: 1, window: '500ms' }] },
        { clock },
      ),
    );
    await limiter.consume(USER);
    const [one, two] = [await limiter.consume(USER), await limiter.consume(USER)];
    expect(two).toEqual(one);
    clock.advance(499);
    expect(await limiter.consume(USER)).toMatchObject({ isAllowed: false, retryAfterMs: 1 });
    clock.advance(1);
    expect((await limiter.consume(USER)).isAllowed).toBe(true);
  });

  it('lets a changed policy judge anew who was denied by the old one', async () => {
    const limiter = opened(RateLimiter.create({ namespace: 'app' }, { clock: new FakeClock() }));
    const withLimit = (limit: number) => limiter.consume({ ...USER, policies: [{ ...BURST, limit }] });
    await withLimit(1);
    expect((await withLimit(1)).isAllowed).toBe(false);
    expect((await withLimit(2)).isAllowed).toBe(true);
  });

  it.each<[Partial<RateLimiterOptions>, string]>([
    [{ namespace: '' }, 'namespace: is ""'],
    [{ whenAway: 'allow' as never }, 'whenAway: is "allow"'],
    [{ localShare: 0 }, 'localShare: is 0'],
    [{ maxLocalSubjects: 0 }, 'maxLocalSubjects: is 0'],
    [{ blocked: { trustFor: 5 as never } }, 'blocked.trustFor: is 5'],
    [{ ttl: 5 } as never, 'ttl: is "no option"'],
    [{ policies: [BURST, BURST] }, 'name: is the name of two policies'],
    [{ policies: [{ ...BURST, limit: 0 }] }, 'limit: 0 is not possible'],
    [{ escalation: { after: 0, blocks: [], forgetAfter: 'forever' } }, 'after: is 0'],
  ])('refuses %j and says why', (options, message) => {
    const create = (): RateLimiter => RateLimiter.create({ namespace: 'app', ...options });
    expect(create).toThrow(InvalidPolicyError);
    expect(create).toThrow(message);
  });

  it('never admits more than the limit in any window, whatever is asked by whom', async () => {
    const clock = new FakeClock();
    const random = new SeededRandom(11);
    const limiter = opened(
      RateLimiter.create(
        { namespace: 'app', policies: [{ name: 'log', algorithm: 'sliding-log', limit: 7, window: '1s' }] },
        { clock },
      ),
    );
    const admitted: number[] = [];
    for (let step = 0; step < 2_000; step++) {
      clock.advance(Math.floor(random.fraction() * 200));
      if ((await limiter.consume(USER)).isAllowed) admitted.push(clock.monotonicMs());
    }
    const worst = Math.max(
      ...admitted.map((endMs) => admitted.filter((atMs) => atMs > endMs - 1_000 && atMs <= endMs).length),
    );
    expect(worst).toBe(7);
    expect(admitted.length).toBeGreaterThan(1_000);
  });
});
