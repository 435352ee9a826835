import { describe, expect, it } from '@jest/globals';
import type { LimitPolicy } from '../policy/limit-policy.js';
import { advertise, moreAfterMs } from './advertised-policy.js';

const BUCKET: LimitPolicy = { name: 'b', algorithm: 'token-bucket', capacity: 20, refill: 5, every: '1m' };
const METER: LimitPolicy = { name: 'm', algorithm: 'leaky-bucket', limit: 60, window: '1m', burst: 10 };
const WINDOW: LimitPolicy = { name: 'w', algorithm: 'fixed-window', limit: 100, window: '1m' };
const PLACES: LimitPolicy = { name: 'p', algorithm: 'concurrency', limit: 4 };

describe('advertise', () => {
  it('tells of a bucket what it holds and how long it takes to fill', () => {
    expect(advertise(BUCKET)).toEqual({ name: 'b', quota: 20, windowMs: 240_000, unit: 'requests' });
    expect(advertise(METER)).toEqual({ name: 'm', quota: 10, windowMs: 10_000, unit: 'requests' });
    const { burst: _, ...withoutBurst } = METER;
    expect(advertise(withoutBurst)).toEqual({ name: 'm', quota: 60, windowMs: 60_000, unit: 'requests' });
  });

  it('tells of a window its limit, and of concurrency how many at once', () => {
    expect(advertise(WINDOW)).toEqual({ name: 'w', quota: 100, windowMs: 60_000, unit: 'requests' });
    expect(advertise(PLACES)).toEqual({ name: 'p', quota: 4, windowMs: undefined, unit: 'concurrent-requests' });
  });
});

describe('moreAfterMs', () => {
  const allowed = { isAllowed: true, isShadowDenial: false, retryAfterMs: 0, resetAfterMs: 30_000 };
  const denied = { isAllowed: false, isShadowDenial: false, retryAfterMs: 7_000, resetAfterMs: 30_000 };

  it.each([BUCKET, METER, WINDOW, PLACES])('is the wait of whoever was denied by $algorithm', (policy) => {
    expect(moreAfterMs(policy, denied)).toBe(7_000);
  });

  it('is the next token of a bucket, which an interval refill gives with all others', () => {
    expect(moreAfterMs(BUCKET, allowed)).toBe(12_000);
    expect(moreAfterMs({ ...BUCKET, mannerOfRefill: 'interval' }, allowed)).toBe(30_000);
    expect(moreAfterMs(METER, allowed)).toBe(1_000);
  });

  it('is the end of a window', () => {
    expect(moreAfterMs(WINDOW, allowed)).toBe(30_000);
  });

  it('is unknown where somebody must give a place back, and where nothing helps', () => {
    expect(moreAfterMs(PLACES, allowed)).toBeUndefined();
    expect(moreAfterMs(WINDOW, { ...denied, retryAfterMs: Infinity })).toBeUndefined();
  });
});
