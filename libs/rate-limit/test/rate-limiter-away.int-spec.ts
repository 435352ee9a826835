import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, RedisUnavailableError, type RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, RedisServer } from '@nest-strata/testing';
import type { RateLimitEvent } from '../src/limiter/rate-limit-event.js';
import { RateLimiter } from '../src/limiter/rate-limiter.js';
import type { RateLimiterOptions } from '../src/limiter/rate-limiter-options.js';
import type { LimitPolicy } from '../src/policy/limit-policy.js';

const DEADLINE_MS = 50;
/** What a busy machine may add. */
const SLACK_MS = 1_000;
const BASE = { algorithm: 'sliding-window', limit: 5, window: '1d' } as const;
const OPEN: LimitPolicy = { ...BASE, name: 'open' };
const CLOSED: LimitPolicy = { ...BASE, name: 'closed', whenAway: 'closed' };
const LOCAL: LimitPolicy = { ...BASE, name: 'local', whenAway: 'local' };
const USER = { subject: 'user:42' };

let server: RedisServer;
let port: RedisPort;
let redis: ChaosRedisPort;
let other: RedisPort;
let limiter: RateLimiter;
let events: RateLimitEvent[];

beforeEach(async () => {
  server = await RedisServer.start();
  port = createRedis({ url: server.url, deadline: '5s' });
  await port.connect();
  other = createRedis({ url: server.url, deadline: '5s' });
  redis = new ChaosRedisPort(port);
  limiter = create();
});
afterEach(async () => {
  await limiter.close();
  await other.close();
  await port.close();
  await server.stop();
});

function create(options: Partial<RateLimiterOptions> = {}): RateLimiter {
  const created = RateLimiter.create({ namespace: 'app', policies: [OPEN, CLOSED, LOCAL], ...options }, { redis });
  events = [];
  created.listen((event) => events.push(event));
  return created;
}
const consume = (policy: string, cost = 1) => limiter.consume({ ...USER, cost, policies: [policy] });
const usedIn = async (policy: string) =>
  (await limiter.status({ ...USER, policies: [policy] })).policies.map(({ used }) => used);
const stateEvents = () =>
  events.map(({ type }) => type).filter((type) => ['degraded', 'recovered', 'reconciled', 'error'].includes(type));

describe.each([['killed', 'kill'] as const, ['hung', 'pause'] as const])('RateLimiter with Redis %s', (_, fault) => {
  it('answers each policy as it says, within the deadline', async () => {
    await port.close();
    port = createRedis({ url: server.url, deadline: `${DEADLINE_MS}ms` });
    await port.connect();
    redis = new ChaosRedisPort(port);
    limiter = create();
    await server[fault]();
    const calls: [policy: string, isAllowed: boolean][] = [
      ['open', true],
      ['closed', false],
      ['local', true],
    ];
    for (const [policy, isAllowed] of calls) {
      const startedAtMs = performance.now();
      const result = await consume(policy, 4);
      expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
      expect(result).toMatchObject({
        isAllowed,
        isDegraded: true,
        policies: [{ source: 'fallback', isDegraded: true }],
      });
    }
    expect(limiter.isDegraded).toBe(true);
    expect(stateEvents()).toEqual(['degraded']);
    server.resume();
  });
});

describe('RateLimiter while Redis is away', () => {
  beforeEach(async () => {
    await limiter.consume({ ...USER, cost: 2 });
    redis.disturb({ refuse: 1 });
  });

  it('denies by a closed policy for a second, and says that it is not the limit', async () => {
    expect(await consume('closed')).toMatchObject({
      isAllowed: false,
      retryAfterMs: 1_000,
      policies: [{ denial: 'redis-away', remaining: 0 }],
    });
  });

  it('counts locally, up to the limit of its own', async () => {
    expect(await consume('local', 5)).toMatchObject({ isAllowed: true, policies: [{ used: 5, remaining: 0 }] });
    expect(await consume('local')).toMatchObject({ isAllowed: false, policies: [{ denial: 'limit' }] });
  });

  it('takes nothing locally where a closed policy denies', async () => {
    expect((await limiter.consume({ ...USER, policies: ['closed', 'local'] })).isAllowed).toBe(false);
    expect(await consume('local', 5)).toMatchObject({ isAllowed: true });
  });

  it('gives its share alone', async () => {
    await limiter.close();
    limiter = create({ localShare: 0.4 });
    expect(await consume('local', 2)).toMatchObject({ isAllowed: true, policies: [{ used: 2, remaining: 0 }] });
    expect((await consume('local')).isAllowed).toBe(false);
  });

  it('asks, penalizes and explains without Redis', async () => {
    expect(await limiter.check({ ...USER, policies: ['local'], cost: 5 })).toMatchObject({ isAllowed: true });
    await limiter.penalize({ ...USER, policies: ['local'], cost: 4 });
    expect(await limiter.check({ ...USER, policies: ['local'], cost: 2 })).toMatchObject({ isAllowed: false });
    expect((await limiter.explain({ ...USER, policies: ['closed'] })).lines).toEqual([
      'It would be denied for 1 s.',
      'Redis is away: each policy decides as its whenAway says.',
      'closed of user:42: 0 of 5 used; denies, being closed (fallback, while Redis is away).',
    ]);
    await expect(limiter.reset('user:42')).rejects.toThrow(RedisUnavailableError);
  });

  it('counts in Redis what it gave meanwhile, when Redis is back', async () => {
    await consume('local', 2);
    await consume('local', 2);
    await consume('open', 3);
    redis.disturb({});
    expect((await consume('open')).isDegraded).toBe(false);
    await eventually(() => stateEvents().length === 3);
    expect(events.filter(({ type }) => type === 'reconciled')).toEqual([
      { type: 'reconciled', subjects: 1, taken: 4, lost: 0 },
    ]);
    expect(stateEvents()).toEqual(['degraded', 'recovered', 'reconciled']);
    expect(await usedIn('local')).toEqual([6]);
    expect((await consume('local')).isAllowed).toBe(false);
    expect(await usedIn('open')).toEqual([3]);
  });

  it('counts of a second outage only what was given in it', async () => {
    for (const reconciled of [1, 2]) {
      redis.disturb({ refuse: 1 });
      await consume('local');
      redis.disturb({});
      await consume('open');
      await eventually(() => events.filter(({ type }) => type === 'reconciled').length === reconciled);
    }
    expect(await usedIn('local')).toEqual([4]);
  });

  it('counts it once, though Redis goes away again meanwhile', async () => {
    await consume('local', 3);
    redis.disturb({});
    let refused = 0;
    redis.onCall = (call) => {
      if (call.args.includes('local') && refused++ === 0) {
        throw new RedisUnavailableError('breaker-open');
      }
    };
    await consume('open');
    await eventually(() => refused === 1);
    await consume('open');
    await eventually(() => events.some(({ type }) => type === 'reconciled'));
    expect(await usedIn('local')).toEqual([5]);
  });

  it('counts it at most once where the answer is lost, and says so', async () => {
    await consume('local', 3);
    redis.disturb({});
    let lost = 0;
    redis.onReply = (call) => {
      if (call.args.includes('local') && lost++ === 0) {
        throw new RedisUnavailableError('deadline');
      }
    };
    await consume('open');
    await eventually(() => events.some(({ type }) => type === 'reconciled'));
    expect(events.filter(({ type }) => type === 'reconciled')).toEqual([
      { type: 'reconciled', subjects: 0, taken: 0, lost: 3 },
    ]);
    await consume('open');
    expect(await usedIn('local')).toEqual([5]);
  });

  it('remembers no local denial when Redis is back', async () => {
    await consume('local', 5);
    await consume('local');
    redis.disturb({});
    expect(await consume('local')).toMatchObject({ isDegraded: false, isAllowed: true });
  });
});

describe('RateLimiter on Redis', () => {
  it('counts a lost answer once, never twice', async () => {
    redis.disturb({ loseReply: 1 });
    await consume('open');
    redis.disturb({});
    expect(await usedIn('open')).toEqual([1]);
  });

  it('degrades where Redis refuses, as where it is away', async () => {
    await other.send('CONFIG', ['SET', 'maxmemory', '1']);
    expect(await consume('closed')).toMatchObject({ isAllowed: false, isDegraded: true });
    await other.send('CONFIG', ['SET', 'maxmemory', '0']);
    expect(await consume('closed')).toMatchObject({ isAllowed: true, isDegraded: false });
  });

  it('asks nothing while a subject is known to be denied, and again after a while', async () => {
    await limiter.close();
    limiter = create({ blocked: { trustFor: '200ms' } });
    await consume('open', 5);
    let calls = 0;
    redis.onCall = () => {
      calls++;
    };
    for (let count = 0; count < 20; count++) expect((await consume('open')).isAllowed).toBe(false);
    expect(calls).toBeLessThan(20);
    const otherLimiter = RateLimiter.create({ namespace: 'app', policies: [OPEN] }, { redis: other });
    await otherLimiter.reset('user:42');
    await eventually(async () => (await consume('open')).isAllowed);
    await otherLimiter.close();
  });

  it('blocks in all processes who was denied too often in one', async () => {
    const escalation = { after: 2, blocks: ['1m'], forgetAfter: '1h' } as const;
    await limiter.close();
    limiter = create({ escalation });
    const second = RateLimiter.create({ namespace: 'app', policies: [OPEN], escalation }, { redis: other });
    for (let count = 0; count < 3; count++) await consume('open', 6);
    await eventually(() => events.some(({ type }) => type === 'blocked'));
    expect(await second.consume({ ...USER, policies: ['open'] })).toMatchObject({ isBlocked: true });
    await second.close();
  });

  it('takes one trip for all policies and subjects of a request', async () => {
    let calls = 0;
    redis.onCall = () => {
      calls++;
    };
    await limiter.consume({ subject: { open: 'user:42', closed: 'ip:1', local: 'tenant:7' } });
    expect(calls).toBe(1);
  });

  it('leaves no key without an end', async () => {
    await limiter.close();
    limiter = create({ escalation: { after: 1, blocks: ['1m'], forgetAfter: '1h' } });
    await consume('open', 6);
    await eventually(() => events.some(({ type }) => type === 'blocked'));
    const keys = ((await other.send('KEYS', ['*'])) as Buffer[]).map(String);
    expect(keys).toEqual(['strata:app:r:{user:42}']);
    for (const key of keys) expect(Number(await other.send('PTTL', [key]))).toBeGreaterThan(0);
  });
});
