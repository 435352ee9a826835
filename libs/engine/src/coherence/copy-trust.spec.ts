import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KeyWatchMode } from '@nest-strata/redis';
import { LocalChanges } from '../memory/local-changes.js';
import type { Coherence } from './coherence.js';
import { BriefTrust, FullTrust, unproven, WatchedTrust } from './copy-trust.js';
import type { CopyOrigin, TrustMark } from './copy-trust.js';
import { KnownVersions } from './known-versions.js';

const VERSION = '0000000000000001';
const UNTAGGED = { clearVersion: VERSION, tags: [], stamp: 0 };
const NOW_MS = 10_000;

describe('FullTrust', () => {
  it('trusts what memory has for ever', () => {
    const trust = new FullTrust();
    expect(trust.mark().trustedUntilMs).toBe(Infinity);
    expect(trust.holds()).toBe(true);
  });
});

describe('BriefTrust', () => {
  it.each([
    [Infinity, 999, true],
    [Infinity, 1_000, false],
    [100, 99, true],
    [100, 100, false],
  ])('with a memory ttl of %d trusts a copy after %d ms: %p', (memoryTtlMs, afterMs, expected) => {
    const trust = new BriefTrust();
    const mark = { ...UNTAGGED, ...trust.mark(NOW_MS, memoryTtlMs) };
    expect(trust.holds(mark, NOW_MS + afterMs)).toBe(expected);
  });
});

describe('WatchedTrust', () => {
  let coherence: { mode: KeyWatchMode | undefined; heardUpToMs: number };
  let changes: LocalChanges;
  let versions: KnownVersions;
  let trust: WatchedTrust;

  beforeEach(() => {
    coherence = { mode: 'tracking', heardUpToMs: NOW_MS };
    changes = new LocalChanges();
    versions = new KnownVersions(changes, () => true);
    versions.learnClear(VERSION, changes.stamp());
    trust = new WatchedTrust(coherence as Coherence, versions);
    trust.arm();
  });

  const marked = (memoryTtlMs = Infinity, origin: CopyOrigin = 'read') =>
    ({ ...UNTAGGED, ...trust.mark(NOW_MS, memoryTtlMs, origin) }) as typeof UNTAGGED & TrustMark;

  it('keeps no copy before it is armed, nor after it was distrusted', () => {
    const unarmed = new WatchedTrust(coherence as Coherence, versions);
    expect(unarmed.mark(NOW_MS, Infinity, 'read')).toBeUndefined();
    trust.distrust();
    expect(trust.mark(NOW_MS, Infinity, 'read')).toBeUndefined();
  });

  it.each<[KeyWatchMode, CopyOrigin, boolean]>([
    ['tracking', 'read', true],
    ['tracking', 'set', true],
    ['tracking', 'load', false],
    ['tracking-reads', 'read', true],
    ['tracking-reads', 'set', false],
    ['tracking-reads', 'load', false],
    ['bus', 'read', true],
    ['bus', 'set', true],
    ['bus', 'load', true],
  ])('by %s keeps a copy of a %s: %p', (mode, origin, expected) => {
    coherence.mode = mode;
    expect(trust.mark(NOW_MS, Infinity, origin) !== undefined).toBe(expected);
  });

  it('trusts a copy while changes are provably heard', () => {
    expect(trust.holds(marked(), NOW_MS + 999)).toBe(true);
    expect(trust.holds(marked(), NOW_MS + 1_000)).toBe(false);
    coherence.heardUpToMs = -Infinity;
    expect(trust.holds(marked(), NOW_MS)).toBe(false);
  });

  it('trusts a copy for its memory ttl at most', () => {
    coherence.heardUpToMs = Infinity;
    expect(trust.holds(marked(50), NOW_MS + 49)).toBe(true);
    expect(trust.holds(marked(50), NOW_MS + 50)).toBe(false);
  });

  it('trusts no copy of before a loss, even once it hears again', () => {
    const before = marked();
    trust.distrust();
    trust.arm();
    expect(trust.holds(before, NOW_MS)).toBe(false);
    expect(trust.holds(marked(), NOW_MS)).toBe(true);
  });

  it('trusts no copy with a version that is not the known one', () => {
    expect(trust.holds({ ...marked(), clearVersion: '0000000000000002' }, NOW_MS)).toBe(false);
    expect(trust.holds({ ...marked(), tags: [{ tag: 't', version: VERSION }] }, NOW_MS)).toBe(false);
    versions.forgetClear();
    expect(trust.holds(marked(), NOW_MS)).toBe(false);
  });

  it('lets an unproven copy be served for the liveness bound, whatever is known', () => {
    trust.distrust();
    versions.forgetAll();
    const copy = { ...UNTAGGED, ...unproven(NOW_MS, Infinity), stamp: changes.stamp() };
    expect([trust.holds(copy, NOW_MS + 999), trust.holds(copy, NOW_MS + 1_000)]).toEqual([true, false]);
    expect(trust.holds({ ...copy, ...unproven(NOW_MS, 10) }, NOW_MS + 10)).toBe(false);
  });

  it.each<[string, () => void]>([
    ['of its tag', () => versions.forgetTag('t')],
    ['of all', () => versions.forgetClear()],
    ['of a gap', () => versions.forgetAll()],
  ])('lets an unproven copy be served no more once it hears %s', (_, hear) => {
    const tags = [{ tag: 't', version: '' }];
    const copyOfNow = () => ({ ...UNTAGGED, ...unproven(NOW_MS, Infinity), tags, stamp: changes.stamp() });
    const before = copyOfNow();
    expect(trust.holds(before, NOW_MS)).toBe(true);
    hear();
    expect([trust.holds(before, NOW_MS), trust.holds(copyOfNow(), NOW_MS)]).toEqual([false, true]);
  });
});
