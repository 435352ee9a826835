import { describe, expect, it } from '@jest/globals';
import { describeCacheTier, FakeClock } from '@nest-strata/testing';
import type { CacheEntry } from '../entry/cache-entry.js';
import { MemoryTier } from './memory.tier.js';

const UNBOUNDED = { maxEntries: Infinity, maxBytes: Infinity };

describeCacheTier('MemoryTier', () => {
  const clock = new FakeClock();
  return { tier: new MemoryTier(clock, UNBOUNDED), clock };
});

describe('MemoryTier', () => {
  const clock = new FakeClock();
  const entry = (value: unknown, ttlMs = Infinity): CacheEntry => {
    const goneAtMs = clock.monotonicMs() + ttlMs;
    const versions = { writeId: '', clearVersion: '', tags: [], sourceVersion: '', etag: undefined, loadMs: 0 };
    return { value, createdAtMs: clock.monotonicMs(), freshUntilMs: goneAtMs, goneAtMs, ...versions };
  };
  const find = (tier: MemoryTier, key: string) => tier.find(key, clock.monotonicMs())?.value;

  it('lets the least recently used go first', () => {
    const tier = new MemoryTier(clock, { maxEntries: 2, maxBytes: Infinity });
    tier.keep('a', entry(1));
    tier.keep('b', entry(2));
    find(tier, 'a');
    tier.keep('c', entry(3));
    expect([find(tier, 'a'), find(tier, 'b'), find(tier, 'c')]).toEqual([1, undefined, 3]);
    expect([tier.entryCount, tier.evictedCount]).toEqual([2, 1]);
  });

  it('keeps within its bytes, and keeps nothing that is larger than all of them', () => {
    const tier = new MemoryTier(clock, { maxEntries: Infinity, maxBytes: 10 }, (_, { value }) => Number(value));
    tier.keep('a', entry(4));
    tier.keep('b', entry(4));
    tier.keep('c', entry(6));
    expect([find(tier, 'a'), find(tier, 'b'), find(tier, 'c'), tier.byteCount]).toEqual([undefined, 4, 6, 10]);
    expect(tier.keep('b', entry(11))).toBe(false);
    expect([find(tier, 'b'), tier.byteCount]).toEqual([undefined, 6]);
  });

  it('counts the bytes of what replaces an entry, not of both', () => {
    const tier = new MemoryTier(clock, { maxEntries: Infinity, maxBytes: 10 }, (_, { value }) => Number(value));
    for (let round = 0; round < 100; round++) tier.keep('a', entry(3 + (round % 5)));
    expect([tier.entryCount, tier.byteCount]).toEqual([1, 7]);
    tier.removeAll();
    expect([tier.entryCount, tier.byteCount, find(tier, 'a')]).toEqual([0, 0, undefined]);
  });

  it('keeps nothing when it has no room for entries', () => {
    const tier = new MemoryTier(clock, { maxEntries: 0, maxBytes: Infinity });
    expect(tier.keep('a', entry(1))).toBe(false);
    expect(tier.entryCount).toBe(0);
  });

  it('gives back the memory of entries whose time is over as others come', () => {
    const tier = new MemoryTier(clock, UNBOUNDED);
    for (let index = 0; index < 100; index++) tier.keep(`short ${String(index)}`, entry(index, 10));
    clock.advance(10);
    for (let index = 0; index < 50; index++) tier.keep(`long ${String(index)}`, entry(index));
    expect(tier.entryCount).toBe(50);
    expect(tier.evictedCount).toBe(0);
  });

  it('forgets an expired entry when it is asked for', () => {
    const tier = new MemoryTier(clock, UNBOUNDED);
    tier.keep('a', entry(1, 10));
    clock.advance(10);
    expect([find(tier, 'a'), tier.entryCount]).toEqual([undefined, 0]);
  });

  it('removes the keys that match, wherever they are in the queue', () => {
    const tier = new MemoryTier(clock, UNBOUNDED);
    for (const key of ['a1', 'b1', 'a2', 'b2']) tier.keep(key, entry(key));
    expect(tier.removeMatching((key) => key.startsWith('a'))).toBe(2);
    expect([find(tier, 'a1'), find(tier, 'b1'), find(tier, 'b2'), tier.entryCount]).toEqual([undefined, 'b1', 'b2', 2]);
  });

  it('keeps no process alive', () => {
    const before = process.getActiveResourcesInfo().length;
    new MemoryTier(clock, UNBOUNDED).keep('a', entry(1, 10));
    expect(process.getActiveResourcesInfo()).toHaveLength(before);
  });
});
