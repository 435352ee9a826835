import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { WriteToPersist } from '@nest-strata/engine';
import { eventually, Fleet, Gate, RedisServer } from '@nest-strata/testing';
import type { Database, WriteBehindWorker } from './fixtures/write-behind.worker.js';

const WORKER = new URL('./fixtures/write-behind.worker.ts', import.meta.url);
const SOURCES = [
  '--conditions=@nest-strata/source',
  '--import',
  fileURLToPath(new URL('../../../tools/dev.mjs', import.meta.url)),
];
/** Two seconds to notice a crash, and what a busy machine may add to it. */
const TAKEOVER_MS = 2_000;
const SLACK_MS = 1_000;

type Write = WriteToPersist<number> & { readonly worker: string };

let server: RedisServer;
let fleet: Fleet<WriteBehindWorker>;
/** Every write that reached the database, in order. */
let log: Write[];
/** Batches wait here before they reach the database; open at first. */
let gate: Gate<string>;
let queues = 0;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(() => server.stop());

beforeEach(() => {
  log = [];
  gate = new Gate();
  gate.open();
});

afterEach(() => fleet.stop());

async function start(size: number, where: 'Redis' | 'memory' = 'Redis'): Promise<void> {
  const queue = `queue-${++queues}`;
  const database: Database = {
    persist: async (worker, batch) => {
      await gate.pass(worker);
      log.push(...batch.map((write) => ({ ...write, worker })));
    },
  };
  fleet = await Fleet.start<WriteBehindWorker>(WORKER, {
    size,
    execArgv: SOURCES,
    dataOf: () => ({ queue, ...(where === 'Redis' && { url: server.url }) }),
    answersFor: () => database,
  });
}

/** Accepts a value in a worker; returns the version that it got. */
async function accept(worker: number, key: string, value: number): Promise<bigint> {
  const outcome = await fleet.worker(worker).call('accept', key, value, `${key}=${value}`);
  if (!outcome.accepted) throw new Error(`Refused: ${outcome.reason}`);
  return outcome.version;
}

/** What a database has that updates only where the stored version is lower. */
function rowsByVersion(): Map<string, Write> {
  const rows = new Map<string, Write>();
  for (const write of log) if (write.version > (rows.get(write.key)?.version ?? 0n)) rows.set(write.key, write);
  return rows;
}

/** Writes that reached the database more than once. */
function repeated(): Write[] {
  return log.filter((write, index) => log.findIndex(({ version }) => version === write.version) < index);
}

const indexOf = (worker: string): number => Number(worker.split('-')[1]);

describe('a process that drains and', () => {
  it('is killed in the middle of a batch is followed within 2 s by another, and nothing is lost', async () => {
    await start(3);
    gate.close();
    const newest = new Map<string, number>();
    for (let value = 0; value < 120; value++) {
      const key = `key-${value % 40}`;
      await accept(value % 3, key, value);
      newest.set(key, value);
    }
    const victim = await gate.arrival();
    await fleet.worker(indexOf(victim)).kill();
    const killedAtMs = performance.now();
    await gate.arrival((worker) => worker !== victim);
    expect(performance.now() - killedAtMs).toBeLessThan(TAKEOVER_MS + SLACK_MS);
    gate.open();
    const survivor = indexOf(victim) === 0 ? 1 : 0;
    await eventually(async () => (await fleet.worker(survivor).call('stats')).pending === 0, 10_000);
    expect(new Map([...rowsByVersion()].map(([key, { value }]) => [key, value]))).toEqual(newest);
    for (const { key, value, idempotencyKey } of log) expect(idempotencyKey).toBe(`${key}=${value}`);
    for (const { worker, version } of repeated()) {
      expect(log.filter((write) => write.version === version).map((write) => write.worker)).toContain(victim);
      expect(worker).not.toBe('');
    }
  });

  it('is stopped in the middle of a batch is followed, too, and its late batch is known by its versions', async () => {
    await start(2);
    gate.close();
    await accept(0, 'a', 1);
    const stopped = await gate.arrival();
    const other = 1 - indexOf(stopped);
    fleet.worker(indexOf(stopped)).pause();
    const newer = await accept(other, 'a', 2);
    await gate.arrival((worker) => worker !== stopped);
    gate.release((worker) => worker !== stopped);
    await eventually(() => log.length === 1);
    expect(log).toMatchObject([{ key: 'a', value: 2, version: newer }]);
    fleet.worker(indexOf(stopped)).resume();
    gate.open();
    await eventually(() => log.length === 2);
    expect(log[1]).toMatchObject({ value: 1, worker: stopped });
    expect(rowsByVersion().get('a')).toMatchObject({ value: 2 });
    await accept(indexOf(stopped), 'a', 3);
    await eventually(() => rowsByVersion().get('a')?.value === 3);
    expect(log.at(-1)?.worker).not.toBe(stopped);
  });

  it('is told to end finishes its batch, and another goes on at once', async () => {
    await start(2);
    gate.close();
    await accept(0, 'first', 1);
    const ending = await gate.arrival();
    const other = 1 - indexOf(ending);
    for (let value = 0; value < 100; value++) await accept(other, `key-${value}`, value);
    const ended = fleet.worker(indexOf(ending)).terminate();
    gate.open();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(log).toHaveLength(101);
    expect(repeated()).toEqual([]);
    const endedAtMs = performance.now();
    await accept(other, 'late', 1);
    await eventually(() => log.length === 102);
    expect(performance.now() - endedAtMs).toBeLessThan(SLACK_MS);
  });
});

describe('without Redis', () => {
  it('a crash loses what waits, and nothing that waited longer than an interval and two batches', async () => {
    await start(1, 'memory');
    const acceptedAtMs = new Map<string, number>();
    for (let value = 0; value < 300; value++) {
      await accept(0, `key-${value}`, value);
      acceptedAtMs.set(`key-${value}`, performance.now());
    }
    const crashedAtMs = performance.now();
    await fleet.worker(0).kill();
    const persisted = new Set(log.map(({ key }) => key));
    const lost = [...acceptedAtMs.keys()].filter((key) => !persisted.has(key));
    const oldestMs = Math.max(0, ...lost.map((key) => crashedAtMs - (acceptedAtMs.get(key) ?? NaN)));
    expect(persisted.size).toBeGreaterThan(0);
    expect(oldestMs).toBeLessThan(20 + SLACK_MS / 4);
  });

  it('closing keeps the process alive until the database has what waits, and no longer', async () => {
    const program = fileURLToPath(new URL('./fixtures/write-behind.closing.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...SOURCES, program], { timeout: 15_000 });
    expect(stdout.trim()).toBe('{"taken":["a"],"pending":0}');
  });

  it('nothing is lost when the process is told to end', async () => {
    await start(1, 'memory');
    for (let value = 0; value < 300; value++) await accept(0, `key-${value}`, value);
    expect(await fleet.worker(0).terminate()).toEqual({ code: 0, signal: null });
    expect(new Set(log.map(({ key }) => key)).size).toBe(300);
  });
});
