import { describe, expect, it } from '@jest/globals';
import { judgeFailover } from './failover-verdict.js';
import type { FailoverFacts } from './failover-verdict.js';

const OLD = { runId: 'run-1', replicationId: 'history-1', role: 'primary' } as const;
const PROMOTED = { runId: 'run-2', replicationId: 'history-2', role: 'primary' } as const;
const START_US = 1_700_000_000_000_000;
const at = (seconds: number) => (START_US + seconds * 1_000_000).toString(16).padStart(16, '0');
/** One in each second of the first minute; the monotonic clock began 1000 s before. */
const heartbeats = Array.from({ length: 61 }, (_, second) => ({
  version: at(second),
  sentAtMs: 1_000_000 + second * 1_000,
}));

const facts: FailoverFacts = {
  before: OLD,
  now: PROMOTED,
  isFirstContact: false,
  heartbeats,
  record: at(60),
  windowMs: 30_000,
};

const same = { kind: 'same' };
const replay = (sinceMs: number) => ({ kind: 'replay', sinceMs });
const clear = (reason: string) => ({ kind: 'clear', reason });

describe('judgeFailover', () => {
  it.each<[string, Partial<FailoverFacts>, object]>([
    ['the first server that is met', { before: undefined, isFirstContact: true }, same],
    ['the same server', { now: { ...OLD } }, same],
    ['the same server without any heartbeat', { now: OLD, heartbeats: [], record: undefined }, same],
    ['a replica that has everything', {}, replay(1_060_000)],
    ['a replica that has more than this process knows', { record: at(3_600) }, replay(1_060_000)],
    ['a replica that lacks the last heartbeat', { record: at(59.999) }, replay(1_059_000)],
    ['a replica that fell back to just within the window', { record: at(30) }, replay(1_030_000)],
    ['a replica that fell back just beyond the window', { record: at(29.999) }, clear('fell-too-far')],
    ['the same process that runs another history', { now: { ...OLD, replicationId: 'x' } }, replay(1_060_000)],
    ['a restarted process that claims the same history', { now: { ...OLD, runId: 'x' } }, replay(1_060_000)],
    [
      'what was before this process was at work',
      { heartbeats: heartbeats.slice(50), record: at(45) },
      replay(-Infinity),
    ],
    ['an emptied server', { record: undefined }, clear('no-heartbeat')],
    ['a server before which no heartbeat came through', { heartbeats: [] }, clear('no-heartbeat')],
    ['a server that does not say who it is', { now: undefined }, clear('unknown-server')],
    ['a server after one that did not say who it was', { before: undefined }, clear('unknown-server')],
  ])('judges %s', (_, change, verdict) => {
    expect(judgeFailover({ ...facts, ...change })).toEqual(verdict);
  });

  it('judges by the order of heartbeats where the clock of the server went back', () => {
    const stuck = heartbeats.map((heartbeat, index) =>
      index <= 30
        ? heartbeat
        : { ...heartbeat, version: (START_US + 30_000_000 + index - 30).toString(16).padStart(16, '0') },
    );
    const record = stuck[40]?.version;
    expect(judgeFailover({ ...facts, heartbeats: stuck, record })).toEqual(replay(1_040_000));
  });
});
