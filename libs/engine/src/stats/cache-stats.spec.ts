import { describe, expect, it } from '@jest/globals';
import { StatsRecorder } from './stats-recorder.js';

describe('CacheStats', () => {
  it('is a snapshot that later counts do not change, and that nobody can', () => {
    const recorder = new StatsRecorder();
    recorder.hits = 3;
    recorder.misses = 1;
    const stats = recorder.snapshot(0);
    recorder.hits = 10;
    recorder.memory.hits = 10;
    expect(stats).toMatchObject({ hits: 3, hitRate: 0.75, tiers: { memory: { hits: 0 } } });
    expect(() => ((stats as { hits: number }).hits = 5)).toThrow(TypeError);
    expect(() => ((stats.tiers as Record<string, unknown>)['memory'] = 5)).toThrow(TypeError);
  });

  it('has a hit rate of 0 while nothing was read', () => {
    expect(new StatsRecorder().snapshot(0).hitRate).toBe(0);
  });

  it('tells what happened since an earlier snapshot', () => {
    const recorder = new StatsRecorder();
    Object.assign(recorder, { hits: 1, loads: 2 });
    recorder.redis.errors = 1;
    const earlier = recorder.snapshot(5);
    Object.assign(recorder, { hits: 4, loads: 3, loadFailures: 1, sets: 1, deletes: 1, errors: 1, misses: 1 });
    recorder.redis.errors = 3;
    expect(recorder.snapshot(7).minus(earlier)).toMatchObject({
      ...{ hits: 3, misses: 1, sets: 1, deletes: 1, errors: 1, loads: 1, loadFailures: 1, evictions: 2 },
      tiers: { memory: { hits: 0, misses: 0, errors: 0 }, redis: { hits: 0, misses: 0, errors: 2 } },
    });
  });

  it('counts from zero after a reset, evictions too', () => {
    const recorder = new StatsRecorder();
    Object.assign(recorder, { hits: 1, misses: 2 });
    recorder.memory.misses = 2;
    recorder.reset(7);
    expect(recorder.snapshot(9)).toMatchObject({ hits: 0, misses: 0, evictions: 2, tiers: { memory: { misses: 0 } } });
  });
});
