import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Evict } from './evict.js';
import { EvictLog } from './evict-log.js';

const key = (name: string): Evict => ({ kind: 'key', key: name });
const tag = (name: string): Evict => ({ kind: 'tag', tag: name });
const pattern = (glob: string): Evict => ({ kind: 'pattern', glob });

describe('EvictLog', () => {
  it('gives what was acknowledged since a moment, that moment included', () => {
    const log = new EvictLog(30_000, 100);
    expect(log.isEmpty).toBe(true);
    log.appendKey('a', 1_000);
    log.append(tag('t'), 2_000);
    log.append(pattern('p*'), 3_000);
    expect(log.isEmpty).toBe(false);
    expect(log.since(-Infinity)).toEqual([key('a'), tag('t'), pattern('p*')]);
    expect(log.since(2_000)).toEqual([tag('t'), pattern('p*')]);
    expect(log.since(3_001)).toEqual([]);
  });

  it('gives each once, where it was last, and takes no key for a tag or pattern of the same name', () => {
    const log = new EvictLog(30_000, 100);
    log.appendKey('x', 1);
    log.append(tag('x'), 2);
    log.append(pattern('x'), 3);
    log.append(key('x'), 4);
    expect(log.since(0)).toEqual([tag('x'), pattern('x'), key('x')]);
  });

  it('says clear when everything was evicted', () => {
    const log = new EvictLog(30_000, 100);
    log.appendKey('a', 1);
    log.append({ kind: 'clear' }, 2);
    log.appendKey('b', 3);
    expect(log.since(2)).toBe('clear');
    expect(log.since(3)).toEqual([key('b')]);
  });

  it('keeps the version that was deleted, the highest of several, whatever is evicted besides', () => {
    const floor = (version: string) => ({ version, forMs: 1_000, sparesHigher: true });
    const log = new EvictLog(30_000, 100);
    log.append({ ...key('a'), floor: floor('0009') } as Evict, 1);
    log.append({ ...key('a'), floor: floor('0007') } as Evict, 2);
    expect(log.since(0)).toEqual([{ ...key('a'), floor: floor('0009') }]);
    log.appendKey('a', 3);
    log.appendKey('b', 4);
    const both = { ...key('a'), floor: { ...floor('0009'), sparesHigher: false } };
    expect(log.since(0)).toEqual([both, key('b')]);
    expect(log.since(3)).toEqual([key('a'), key('b')]);
    log.append({ kind: 'clear' }, 5);
    expect(log.since(0)).toEqual([{ kind: 'clear' }, both]);
    expect(log.since(3)).toBe('clear');
  });

  it('forgets what is older than the window before the latest, and knows that it did', () => {
    const log = new EvictLog(1_000, 100);
    log.appendKey('a', 0);
    log.appendKey('b', 1_000);
    expect(log.since(0)).toEqual([key('a'), key('b')]);
    log.appendKey('c', 1_001);
    expect(log.since(0)).toBe('clear');
    expect(log.since(1)).toEqual([key('b'), key('c')]);
  });

  it('keeps what was last, however long ago that was', () => {
    const log = new EvictLog(1_000, 100);
    log.appendKey('a', 0);
    log.appendKey('b', 3_600_000);
    expect(log.since(0)).toBe('clear');
    expect(log.since(1)).toEqual([key('b')]);
  });

  it('forgets the first ones beyond its bound, and knows that it did', () => {
    const log = new EvictLog(30_000, 3);
    for (const [at, name] of ['a', 'b', 'c', 'd'].entries()) log.appendKey(name, at);
    expect(log.since(1)).toEqual([key('b'), key('c'), key('d')]);
    expect(log.since(0)).toBe('clear');
  });

  it('holds as many as it may, however long they take to come', () => {
    const log = new EvictLog(1_000, 10_000);
    const names = Array.from({ length: 9_000 }, (_, index) => String(index));
    for (const [at, name] of names.entries()) log.appendKey(name, at / 4);
    expect(log.since(8_999 / 4 - 1_000)).toEqual(names.slice(-4_001).map(key));
  });

  it('grows after it has forgotten the first ones', () => {
    const log = new EvictLog(1_000, 10_000);
    for (let index = 0; index < 10; index++) log.appendKey('early', 0);
    const names = Array.from({ length: 1_000 }, (_, index) => String(index));
    for (const name of names) log.appendKey(name, 5_000);
    expect(log.since(1)).toEqual(names.map(key));
  });

  it('never lacks an evict without saying clear, and gives no other', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.record({ evict: fc.oneof(names.map(key), names.map(tag)), waitMs: fc.nat(40) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 150 }),
        fc.nat(6_000),
        (steps, maxEvicts, sinceMs) => {
          const log = new EvictLog(1_000, maxEvicts);
          const all: { evict: Evict; atMs: number }[] = [];
          let nowMs = 0;
          for (const { evict, waitMs } of steps) {
            nowMs += waitMs;
            log.append(evict, nowMs);
            all.push({ evict, atMs: nowMs });
          }
          const due = all.filter(({ atMs }) => atMs >= sinceMs);
          const isKept = due.length <= maxEvicts && due.every(({ atMs }) => atMs >= nowMs - 1_000);
          const latestFirst = new Set(due.map(({ evict }) => JSON.stringify(evict)).reverse());
          const found = log.since(sinceMs);
          expect(found === 'clear' ? found : found.map((evict) => JSON.stringify(evict))).toEqual(
            isKept ? [...latestFirst].reverse() : 'clear',
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
