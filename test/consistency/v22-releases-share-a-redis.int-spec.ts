import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Fleet, RedisServer, staleAfterEvict, VersionedDatabase } from '@nest-strata/testing';
import { EarlierRelease, FORMAT_1_COMMIT, TODAY } from './support/earlier-release.js';
import { verdictOf } from './support/kept.js';
import type { MixedWorker, MixedWorkerData } from './support/mixed.worker.js';
import { randomActions } from './support/random-load.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';
import { SOURCES } from './support/sources.js';

const PROCESSES = 4;
const ACTIONS = 3_000 * SCALE;
/** Memory of the first release hears of nothing and lives so long, counted from the start of a read. */
const FIRST_RELEASE_BOUND_MS = 1_100;

let server: RedisServer;
let release: EarlierRelease;
let database: VersionedDatabase;
let fleet: Fleet<MixedWorker>;

// A checkout without history has no earlier release.
const describeIfInHistory = EarlierRelease.isInHistory(FORMAT_1_COMMIT) ? describe : describe.skip;

describeIfInHistory('V22: processes of the release that froze format 1 and of today', () => {
  /** The first half run the release that froze the format, the others that of today. */
  beforeAll(async () => {
    [server, release] = await Promise.all([RedisServer.start(), EarlierRelease.checkOut(FORMAT_1_COMMIT)]);
    database = new VersionedDatabase();
    fleet = await Fleet.start<MixedWorker>(new URL('./support/mixed.worker.ts', import.meta.url), {
      size: PROCESSES,
      execArgv: SOURCES,
      dataOf: (index): MixedWorkerData => ({ url: server.url, root: index < PROCESSES / 2 ? release.root : TODAY }),
      answersFor: (index) => database.answersFor(`worker-${String(index)}`),
    });
  }, 60_000);

  afterAll(async () => {
    await fleet.stop();
    await server.stop();
    await release[Symbol.asyncDispose]();
  });

  it('read what the others have written, and evict it for all', async () => {
    const [first, , today] = fleet.workers;
    if (first === undefined || today === undefined) throw new Error('two workers were expected');
    const value = { born: new Date(0), tags: new Set(['a']), name: 'Größe' };
    const failures: string[] = [];
    const check = (what: string, found: unknown, expected: unknown): void => {
      try {
        expect(found).toEqual(expected);
      } catch (error) {
        failures.push(`${what}: ${String(error)}`);
      }
    };
    for (const [writer, reader, who] of [
      [first, today, 'the first to today'],
      [today, first, 'today to the first'],
    ] as const) {
      await writer.call('set', `${who} 1`, value, { tags: ['t'] });
      await writer.call('set', `${who} 2`, value);
      check(`${who}, tagged`, await reader.call('get', `${who} 1`), value);
      check(`${who}, plain`, await reader.call('get', `${who} 2`), value);
      await reader.call('deleteByTag', 't');
      check(`${who}, tag evicted`, await reader.call('get', `${who} 1`), undefined);
      await reader.call('clear');
      check(`${who}, cleared`, await reader.call('get', `${who} 2`), undefined);
    }
    await today.call('set', 'with grace and version', value, { grace: '1h', staleWhileRevalidate: '1m', version: 7 });
    check('an entry with what is new', await first.call('get', 'with grace and version'), value);
    check('faults', (await fleet.all('takeFaults')).flat(), []);
    await expectKept('V22 releases share a Redis', 0, verdictOf(10, failures));
  });

  it(
    'see each other’s invalidations in random histories',
    async () => {
      await fleet.all('takeHistory');
      await Promise.all(
        fleet.workers.map((worker, index) =>
          worker.call('play', [
            ...randomActions({
              seed: index,
              actionCount: ACTIONS,
              keyCount: 20,
              keyPrefix: 'mixed-',
              changeShare: 0.02,
              ways: ['tag', 'clear'],
            }),
          ]),
        ),
      );
      const history = [...(await fleet.all('takeHistory')).flat(), ...database.takeHistory()];
      const verdict = staleAfterEvict(history, { healthyBoundMs: FIRST_RELEASE_BOUND_MS, faultBoundMs: 2_000 });
      await expectKept('V22 releases share a Redis', 0, verdict);
      expect((await fleet.all('takeFaults')).flat()).toEqual([]);
    },
    60_000 * SCALE,
  );
});
