import { Clock } from '@nest-strata/core';
import type { ClockTimer } from '@nest-strata/core';
import { MemoryLimitStore, resolveRule } from '@nest-strata/rate-limit';
import { SeededRandom } from '@nest-strata/testing';
import { burstArrivals, poissonArrivals } from '../libs/rate-limit/test/support/arrivals.js';
import type { Arrival } from '../libs/rate-limit/test/support/arrivals.js';

const LIMIT = 100;
const WINDOW_US = 60_000_000;
const START_US = 1_760_000_040_000_000;
const MEAN_US = WINDOW_US / LIMIT;
const ARRIVALS = 20_000;

/** 100 per minute, by every algorithm; the exact one first. */
const POLICIES: Readonly<Record<string, Parameters<typeof resolveRule>[0]>> = {
  'sliding-log': { name: 'p', algorithm: 'sliding-log', limit: LIMIT, window: '1m' },
  'fixed-window': { name: 'p', algorithm: 'fixed-window', limit: LIMIT, window: '1m' },
  'fixed-window, by subject': { name: 'p', algorithm: 'fixed-window', limit: LIMIT, window: '1m', anchor: 'subject' },
  'sliding-window, 1 bucket': { name: 'p', algorithm: 'sliding-window', limit: LIMIT, window: '1m', buckets: 1 },
  'sliding-window': { name: 'p', algorithm: 'sliding-window', limit: LIMIT, window: '1m' },
  'sliding-window, strict': { name: 'p', algorithm: 'sliding-window', limit: LIMIT, window: '1m', strict: true },
  'leaky-bucket, burst 100': { name: 'p', algorithm: 'leaky-bucket', limit: LIMIT, window: '1m' },
  'leaky-bucket, burst 10': { name: 'p', algorithm: 'leaky-bucket', limit: LIMIT, window: '1m', burst: 10 },
  'token-bucket, interval': {
    name: 'p',
    algorithm: 'token-bucket',
    capacity: LIMIT,
    refill: 10,
    every: '6s',
    mannerOfRefill: 'interval',
  },
};

const TRACES: Readonly<Record<string, readonly Arrival[]>> = {
  ...Object.fromEntries(
    [0.8, 1, 1.5, 3].map((load) => [
      `Poisson arrivals at ${load} of the limit`,
      poissonArrivals(new SeededRandom(1), ARRIVALS, MEAN_US / load),
    ]),
  ),
  'Bursts at 8 times the limit, 24 s on and 41 s off': burstArrivals(
    new SeededRandom(2),
    ARRIVALS,
    MEAN_US / 8,
    24_000_000,
    41_000_000,
  ),
  'A limit just before and just after every other full minute': boundaryArrivals(),
  'Poisson arrivals at 1.5 of the limit, costs from 0 to 6': poissonArrivals(
    new SeededRandom(3),
    ARRIVALS,
    MEAN_US * 2,
    6,
  ),
};

interface Admission {
  readonly atUs: number;
  readonly cost: number;
}

/** A clock that goes from arrival to arrival. */
class TraceClock extends Clock {
  nowUs = START_US;

  override monotonicMs(): number {
    return this.nowUs / 1_000;
  }

  override setTimer(): ClockTimer {
    throw new Error('Nothing waits here.');
  }
}

/**
 * How near each algorithm comes to what it promises: the most that passed in any window of a minute, against the limit;
 * and how much passed in all, against the exact limiter. Of each arrival, by what the limiter had itself let through in the
 * last minute: the share that passed and should not have, and that was denied and should have passed.
 *
 * In memory alone: the store in Redis gives the same answers, as its tests show.
 */
export async function limitsAccuracy(): Promise<void> {
  for (const [title, arrivals] of Object.entries(TRACES)) {
    console.log(`\n### ${title}\n`);
    console.log('|  | worst window ÷ limit | admitted ÷ exact | wrongly admitted % | wrongly denied % |');
    console.log('|---|---|---|---|---|');
    let exact = 0;
    for (const [name, policy] of Object.entries(POLICIES)) {
      const { admitted, worst, falselyAdmitted, falselyDenied } = await replay(arrivals, policy);
      exact ||= admitted;
      const share = (count: number): string => ((count / arrivals.length) * 100).toFixed(1);
      const figures = [(worst / LIMIT).toFixed(2), (admitted / exact).toFixed(3)];
      console.log(`| ${[name, ...figures, share(falselyAdmitted), share(falselyDenied)].join(' | ')} |`);
    }
  }
}

async function replay(arrivals: readonly Arrival[], policy: Parameters<typeof resolveRule>[0]) {
  const clock = new TraceClock();
  const store = new MemoryLimitStore({ clock, epochMs: 0 });
  const claim = { subject: 'user:1', policy: 'p', rule: resolveRule(policy), isShadow: false };
  const recent: Admission[] = [];
  let [inWindow, worst, admitted, falselyAdmitted, falselyDenied] = [0, 0, 0, 0, 0];
  for (const { afterUs, cost } of arrivals) {
    clock.nowUs += afterUs;
    while (recent[0] !== undefined && recent[0].atUs <= clock.nowUs - WINDOW_US) inWindow -= recent.shift()?.cost ?? 0;
    const { isAllowed } = await store.take([{ ...claim, cost }]);
    const fits = inWindow + cost <= LIMIT;
    if (isAllowed && !fits) falselyAdmitted++;
    if (!isAllowed && fits) falselyDenied++;
    if (!isAllowed) continue;
    recent.push({ atUs: clock.nowUs, cost });
    inWindow += cost;
    admitted += cost;
    worst = Math.max(worst, inWindow);
  }
  return { admitted, worst, falselyAdmitted, falselyDenied };
}

/** Within a second before the minute and within one after it, the whole limit each; then silence for the next minute. */
function boundaryArrivals(): Arrival[] {
  const minutes = 50;
  const atUs = Array.from({ length: minutes }, (_, minute) =>
    Array.from({ length: 2 * LIMIT }, (_, index) => (2 * minute + 1) * WINDOW_US + (index - LIMIT) * 9_000),
  ).flat();
  return atUs.map((us, index) => ({ afterUs: us - (atUs[index - 1] ?? 0), cost: 1 }));
}
