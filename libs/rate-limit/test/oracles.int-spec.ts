import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import type { LimitStore } from '../src/store/limit-store.port.js';
import { burstArrivals, poissonArrivals } from './support/arrivals.js';
import { claimOf } from './support/claims.js';
import type { NamelessPolicy } from './support/claims.js';
import {
  fixedWindowOracle,
  gcraOracle,
  intervalBucketOracle,
  slidingLogOracle,
  tokenBucketOracle,
} from './support/limit-oracles.js';
import type { LimitOracle } from './support/limit-oracles.js';
import { LimitStores } from './support/limit-stores.js';

const SECOND_US = 1_000_000;

/** About 20 per second each, some at rates that divide no second. */
const LIMITERS: readonly (readonly [policy: NamelessPolicy, makeOracle: () => LimitOracle])[] = [
  [{ algorithm: 'fixed-window', limit: 20, window: '1s' }, () => fixedWindowOracle(20n, 1_000_000n)],
  [{ algorithm: 'sliding-log', limit: 20, window: '1s' }, () => slidingLogOracle(20n, 1_000_000n)],
  [{ algorithm: 'leaky-bucket', limit: 20, window: '1s' }, () => gcraOracle(20n, 1_000_000n, 20n)],
  [{ algorithm: 'leaky-bucket', limit: 21, window: '1.1s', burst: 4 }, () => gcraOracle(21n, 1_100_000n, 4n)],
  [
    { algorithm: 'token-bucket', capacity: 15, refill: 19, every: '999ms' },
    () => tokenBucketOracle(15n, 19n, 999_000n),
  ],
  [
    { algorithm: 'token-bucket', capacity: 20, refill: 7, every: '350ms', mannerOfRefill: 'interval' },
    () => intervalBucketOracle(20n, 7n, 350_000n),
  ],
];

const TRACES = [
  ...[0.8, 1, 1.5, 3].map((load) => ({
    trace: `Poisson arrivals at ${load} of the limit`,
    arrivals: poissonArrivals(new SeededRandom(1), 600, SECOND_US / 20 / load),
  })),
  { trace: 'bursts', arrivals: burstArrivals(new SeededRandom(2), 600, SECOND_US / 160, SECOND_US / 2, SECOND_US) },
  { trace: 'mixed costs', arrivals: poissonArrivals(new SeededRandom(3), 600, SECOND_US / 20, 6) },
];

describe('decision, remaining, retry and reset', () => {
  let stores: LimitStores;

  beforeAll(async () => {
    stores = await LimitStores.start();
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  describe.each([
    ['memory', (): LimitStore => stores.inMemory()],
    ['Redis', (): LimitStore => stores.inRedis()],
  ])('in %s', (_name, makeStore) => {
    describe.each(TRACES)('for $trace', ({ arrivals }) => {
      it.each(LIMITERS)('are those of the oracle of %p', async (policy, makeOracle) => {
        const [store, oracle, claim] = [makeStore(), makeOracle(), claimOf(policy)];
        let denied = 0;
        for (const [index, { afterUs, cost }] of arrivals.entries()) {
          stores.clock.nowUs += afterUs;
          const { isAllowed, verdicts, nowUs } = await store.take([{ ...claim, cost }]);
          const [verdict] = verdicts;
          const told = verdict && {
            isAllowed: verdict.isAllowed,
            remaining: verdict.remaining,
            retryAfterUs: verdict.retryAfterUs === Infinity ? -1 : verdict.retryAfterUs,
            resetAfterUs: verdict.resetAfterUs,
          };
          expect({ index, cost, ...told }).toEqual({ index, cost, ...oracle(BigInt(nowUs), BigInt(cost)) });
          if (!isAllowed) denied++;
        }
        expect(denied).toBeLessThan(arrivals.length);
      });
    });
  });
});
