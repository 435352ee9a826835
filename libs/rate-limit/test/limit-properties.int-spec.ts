import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import type { LimitClaim, LimitStore } from '../src/store/limit-store.port.js';
import { claimOf } from './support/claims.js';
import type { NamelessPolicy } from './support/claims.js';
import { takeOne } from './support/limit-store.contract.js';
import { LimitStores } from './support/limit-stores.js';
import type { MicroClock } from './support/micro-clock.js';

const limit = fc.integer({ min: 1, max: 30 });
const span = fc.integer({ min: 1_000, max: 2_000_000 }).map((us) => `${us / 1_000}ms` as const);

const windows: fc.Arbitrary<NamelessPolicy> = fc.oneof(
  fc.record({
    algorithm: fc.constant('fixed-window' as const),
    limit,
    window: span,
    anchor: fc.constantFrom('clock' as const, 'subject' as const),
  }),
  fc.record({
    algorithm: fc.constant('sliding-window' as const),
    limit,
    window: span,
    buckets: fc.integer({ min: 1, max: 10 }),
    strict: fc.boolean(),
  }),
  fc.record({ algorithm: fc.constant('sliding-log' as const), limit, window: span }),
);
const buckets: fc.Arbitrary<NamelessPolicy> = fc.oneof(
  fc.record({
    algorithm: fc.constant('token-bucket' as const),
    capacity: limit,
    refill: limit,
    every: span,
    mannerOfRefill: fc.constantFrom('greedy' as const, 'interval' as const),
  }),
  fc.record({ algorithm: fc.constant('leaky-bucket' as const), limit, window: span, burst: limit }),
);
const queues: fc.Arbitrary<NamelessPolicy> = fc.record({
  algorithm: fc.constant('leaky-queue' as const),
  limit,
  window: span,
  maxWait: span,
});
const places: fc.Arbitrary<NamelessPolicy> = fc.record({
  algorithm: fc.constant('concurrency' as const),
  limit: fc.integer({ min: 1, max: 4 }),
  lease: span,
});

const step = fc.record({
  forwardUs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 1_000_000 })),
  cost: fc.integer({ min: 0, max: 12 }),
  lease: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
});
const past = fc.array(step, { maxLength: 25 });
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

describe('whatever the limit and its past', () => {
  let stores: LimitStores;
  let clock: MicroClock;

  beforeAll(async () => {
    stores = await LimitStores.start();
    clock = stores.clock;
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  async function live(store: LimitStore, claim: LimitClaim, steps: readonly Step[]): Promise<void> {
    for (const { forwardUs, cost, lease } of steps) {
      clock.nowUs += forwardUs;
      await store.take([{ ...claim, cost, lease }]);
    }
  }

  describe.each([
    ['memory', 1_500, (): LimitStore => stores.inMemory()],
    ['Redis', 150, (): LimitStore => stores.inRedis()],
  ])('in %s', (_name, numRuns, makeStore) => {
    it('waiting for exactly the time that was told succeeds, and a µs less fails', async () => {
      let denials = 0;
      const policies = fc.oneof(windows, buckets, queues, places);
      await fc.assert(
        fc.asyncProperty(policies, past, fc.integer({ min: 1, max: 30 }), async (policy, steps, cost) => {
          const [store, claim] = [makeStore(), { ...claimOf(policy), cost, lease: 'asks' }];
          await live(store, claim, steps);
          const { isAllowed, retryAfterUs } = await takeOne(store, claim);
          if (isAllowed || retryAfterUs === Infinity) return;
          denials++;
          clock.nowUs += retryAfterUs - 1;
          expect((await takeOne(store, claim)).retryAfterUs).toBe(1);
          clock.nowUs += 1;
          expect((await takeOne(store, claim)).isAllowed).toBe(true);
        }),
        { numRuns },
      );
      expect(denials).toBeGreaterThan(numRuns / 20);
    });

    it('as much as remains can be taken, and not one more', async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(windows, buckets), past, async (policy, steps) => {
          const [store, claim] = [makeStore(), claimOf(policy)];
          await live(store, claim, steps);
          const { remaining } = await takeOne(store, { ...claim, cost: 0 });
          expect((await takeOne(store, { ...claim, cost: remaining + 1 })).isAllowed).toBe(false);
          expect((await takeOne(store, { ...claim, cost: remaining })).isAllowed).toBe(true);
        }),
        { numRuns },
      );
    });

    it('what is taken and given back leaves no trace', async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(windows, buckets, queues), past, fc.nat(10), async (policy, steps, cost) => {
          const [store, claim] = [makeStore(), claimOf(policy)];
          await live(store, claim, steps);
          const before = await takeOne(store, { ...claim, cost: 0 });
          const { isAllowed, nowUs, verdicts } = await store.take([{ ...claim, cost }]);
          const takenForUs = nowUs + (verdicts[0]?.waitUs ?? 0);
          if (isAllowed) await store.giveBack([{ ...claim, cost, takenForUs }]);
          expect(await takeOne(store, { ...claim, cost: 0 })).toEqual(before);
        }),
        { numRuns },
      );
    });

    it('a denied request leaves all of its limits as they were', async () => {
      const many = fc.array(fc.oneof(windows, buckets, queues), { minLength: 2, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(many, past, async (policies, steps) => {
          const store = makeStore();
          const claims = policies.map((policy, index) => claimOf(policy, { policy: `p${index}` }));
          const peek = async () => (await store.take(claims.map((claim) => ({ ...claim, cost: 0 })))).verdicts;
          for (const { forwardUs, cost } of steps) {
            clock.nowUs += forwardUs;
            const before = await peek();
            const { isAllowed, verdicts } = await store.take(claims.map((claim) => ({ ...claim, cost })));
            expect(isAllowed).toBe(verdicts.every((verdict) => verdict.isAllowed));
            expect(isAllowed || isDeepStrictEqual(await peek(), before)).toBe(true);
          }
        }),
        { numRuns: Math.ceil(numRuns / 10) },
      );
    });
  });

  it.each([
    [
      'strict',
      fc.record({
        algorithm: fc.constant('sliding-window' as const),
        limit,
        window: span,
        strict: fc.constant(true),
        buckets: fc.integer({ min: 1, max: 10 }),
      }),
    ],
    ['log', fc.record({ algorithm: fc.constant('sliding-log' as const), limit, window: span })],
  ])('no window whatsoever sees more than the limit: %s', async (_name, policies) => {
    await fc.assert(
      fc.asyncProperty(policies, fc.array(step, { minLength: 20, maxLength: 80 }), async (policy, steps) => {
        const [store, claim] = [stores.inMemory(), claimOf(policy)];
        const windowUs = Math.round(parseFloat(policy.window) * 1_000);
        const admitted: { atUs: number; cost: number }[] = [];
        for (const { forwardUs, cost } of steps) {
          clock.nowUs += forwardUs;
          const { isAllowed } = await takeOne(store, { ...claim, cost });
          if (isAllowed) admitted.push({ atUs: clock.nowUs, cost });
        }
        for (const { atUs: endUs } of admitted) {
          const seen = admitted.filter(({ atUs }) => atUs <= endUs && atUs > endUs - windowUs);
          expect(seen.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(policy.limit);
        }
      }),
      { numRuns: 500 },
    );
  });
});
