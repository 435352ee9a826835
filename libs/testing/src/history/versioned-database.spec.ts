import { beforeEach, describe, expect, it } from '@jest/globals';
import { HistoryRecorder } from './history-recorder.js';
import { VersionedDatabase } from './versioned-database.js';

describe('VersionedDatabase', () => {
  let database: VersionedDatabase;

  beforeEach(() => {
    database = new VersionedDatabase();
  });

  it('counts the versions of each key', async () => {
    expect([database.version('a'), database.commit('a'), database.commit('a'), database.version('b')]).toEqual([
      0, 1, 2, 0,
    ]);
    const answers = database.answersFor('worker-0');
    expect([await answers.commit('a'), await answers.load('a'), await answers.load('b')]).toEqual([3, 3, 0]);
  });

  it('lets a load wait with the version that it has read, until the test lets it go on', async () => {
    database.loads.close();
    const load = database.answersFor('worker-0').load('a');
    expect(await database.loads.arrival()).toEqual({ process: 'worker-0', key: 'a', version: 0 });
    database.commit('a');
    database.loads.release();
    expect(await load).toBe(0);
  });

  it('fails a load as the test says, which then is no part of the history', async () => {
    database.loads.close();
    const load = database.answersFor('worker-0').load('a');
    database.loads.fail(new Error('database away'));
    await expect(load).rejects.toThrow('database away');
    expect(database.takeHistory()).toEqual([]);
  });

  it('records the loads and commits of every worker, restarted ones too', async () => {
    const startNs = process.hrtime.bigint();
    await database.answersFor('worker-0').load('a');
    await database.answersFor('worker-0').commit('a');
    await database.answersFor('worker-1').load('a');
    const history = database.takeHistory();
    expect(history).toMatchObject([
      { process: 'worker-0', op: 'load', key: 'a', version: 0 },
      { process: 'worker-0', op: 'commit', key: 'a', version: 1 },
      { process: 'worker-1', op: 'load', key: 'a', version: 1 },
    ]);
    for (const event of history) expect(event.startNs >= startNs && event.endNs >= event.startNs).toBe(true);
    expect(database.takeHistory()).toEqual([]);
  });
});

describe('HistoryRecorder', () => {
  it('records what was done, with what its result tells', async () => {
    const recorder = new HistoryRecorder('a');
    const result = await recorder.record(
      { op: 'read', key: 'k', session: 's' },
      () => Promise.resolve({ value: 5, from: 'memory' }),
      ({ value, from }) => ({ version: value, tier: from }),
    );
    await recorder.record({ op: 'evict', key: 'k', version: 6 }, () => undefined);
    expect(result).toEqual({ value: 5, from: 'memory' });
    const ns: unknown = expect.any(BigInt);
    expect(recorder.take()).toEqual([
      { process: 'a', op: 'read', key: 'k', session: 's', version: 5, tier: 'memory', startNs: ns, endNs: ns },
      { process: 'a', op: 'evict', key: 'k', version: 6, startNs: ns, endNs: ns },
    ]);
    expect(recorder.take()).toEqual([]);
  });

  it('records nothing of what failed', async () => {
    const recorder = new HistoryRecorder('a');
    const failing = recorder.record({ op: 'read', key: 'k' }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(recorder.take()).toEqual([]);
  });
});
