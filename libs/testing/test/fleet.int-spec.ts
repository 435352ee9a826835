import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, Fleet, RemoteError, WorkerExitError } from '@nest-strata/testing';
import type { FleetOptions } from '@nest-strata/testing';
import type { SampleAnswers, SampleWorker } from './fixtures/sample.worker.js';
import { SOURCES } from './sources.js';

const SAMPLE = new URL('./fixtures/sample.worker.ts', import.meta.url);

let fleet: Fleet<SampleWorker>;
const pidsHeard: number[] = [];

const answers: SampleAnswers = {
  double: (value) => value * 2,
  refuse: () => Promise.reject(new TypeError('not today')),
  hear: (pid) => void pidsHeard.push(pid),
};

function startFleet(options: Partial<FleetOptions> = {}): Promise<Fleet<SampleWorker>> {
  return Fleet.start<SampleWorker>(SAMPLE, { size: 1, execArgv: SOURCES, ...options });
}

beforeAll(async () => {
  fleet = await startFleet({ size: 3, dataOf: (index) => new Map([['index', index]]), answersFor: () => answers });
});

afterAll(() => fleet.stop());

/** The state of a process as the system shows it: `R` running, `S` asleep, `T` stopped; `undefined` when it is gone. */
async function stateOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const state = text?.slice(text.lastIndexOf(')') + 2)[0];
  return state === 'Z' ? undefined : state;
}

describe('a fleet', () => {
  it('consists of processes of their own, each with its name and data', async () => {
    const all = await fleet.all('who');
    expect(all.map(({ name }) => name)).toEqual(['worker-0', 'worker-1', 'worker-2']);
    expect(all.map(({ data }) => data)).toEqual([0, 1, 2].map((index) => new Map([['index', index]])));
    expect(all.map(({ pid }) => pid)).toEqual(fleet.workers.map(({ pid }) => pid));
    expect(new Set([process.pid, ...all.map(({ pid }) => pid)]).size).toBe(4);
  });

  it('has no worker beyond its size', () => {
    expect(() => fleet.worker(3)).toThrow('There is no worker 3 in a fleet of 3.');
  });

  it('passes values through in both directions, with their types', async () => {
    const value = { at: new Date(5), big: 2n ** 70n, bytes: new Uint8Array([1, 2]), map: new Map([[1, undefined]]) };
    expect(await fleet.worker(0).call('echo', value)).toEqual(value);
    expect(await fleet.worker(0).call('point')).toEqual({ x: 1, y: 2 });
    expect(await fleet.worker(0).call('echo', undefined)).toBeUndefined();
  });

  it('shares the monotonic clock with this process', async () => {
    const beforeNs = process.hrtime.bigint();
    const there = await fleet.all('nowNs');
    const afterNs = process.hrtime.bigint();
    for (const atNs of there) expect(atNs > beforeNs && atNs < afterNs).toBe(true);
  });

  it('asks this process and gets its answers and errors', async () => {
    expect(await fleet.worker(1).call('double', 21)).toBe(42);
    expect(await fleet.worker(1).call('askRefused')).toBe('TypeError: not today');
  });

  it('brings errors over with name, message, code and stack', async () => {
    const error = await fleet
      .worker(0)
      .call('throwCoded')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'SAMPLE_RANGE' });
    expect((error as Error).stack).toContain('sample.worker.ts');
  });

  it('tells what cannot be done', async () => {
    const worker = fleet.worker(0);
    await expect(worker.call('throwText')).rejects.toMatchObject({ message: 'just text', code: 'WORKER_CALL_FAILED' });
    await expect(worker.call('unclonable')).rejects.toThrow('could not be cloned');
    await expect(worker.call('notAFunction' as 'who')).rejects.toThrow('has no function "notAFunction"');
    await expect(worker.call('echo', () => 'x')).rejects.toThrow('could not be cloned');
  });

  it('keeps thousands of answers apart', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, at) => at);
    const answers = await Promise.all(
      fleet.workers.map((worker) => Promise.all(numbers.map((number) => worker.call('echo', number)))),
    );
    expect(answers).toEqual(fleet.workers.map(() => numbers));
  });
});

describe('a worker that is made to suffer', () => {
  it('stands still while it is paused, and then answers what it was asked', async () => {
    const worker = fleet.worker(2);
    worker.pause();
    await eventually(async () => (await stateOf(worker.pid)) === 'T');
    const call = worker.call('echo', 'late');
    expect(await Promise.race([call, sleep(50, 'pending')])).toBe('pending');
    expect(worker.isRunning).toBe(true);
    worker.resume();
    expect(await call).toBe('late');
  });

  it('does nothing else while its event loop is blocked', async () => {
    const worker = fleet.worker(2);
    const blocked = worker.blockEventLoop(60);
    const startedAtMs = performance.now();
    await worker.call('echo', 1);
    expect(performance.now() - startedAtMs).toBeGreaterThan(50);
    await blocked;
  });

  it.each([600_000, -600_000])('has another wall clock by %d ms, and the same monotonic one', async (offsetMs) => {
    const worker = fleet.worker(2);
    const beforeMs = await worker.call('clocks');
    await worker.setWallClockOffset(offsetMs);
    const { wallMs, dateMs, monotonicMs } = await worker.call('clocks');
    expect(wallMs - Date.now() - offsetMs).toBeGreaterThan(-1_000);
    expect(wallMs - Date.now() - offsetMs).toBeLessThan(1_000);
    expect(Math.abs(dateMs - wallMs)).toBeLessThan(1_000);
    expect(monotonicMs - beforeMs.monotonicMs).toBeLessThan(1_000);
    await worker.setWallClockOffset(0);
    expect(Math.abs((await worker.call('clocks')).wallMs - Date.now())).toBeLessThan(1_000);
  });

  it('loads its module under the wall clock that it starts with', async () => {
    await using skewed = await startFleet({ wallClockOffsetMsOf: () => 3_600_000 });
    const { wallMs } = await skewed.worker(0).call('clocks');
    expect(wallMs - Date.now()).toBeGreaterThan(3_500_000);
  });
});

describe('a worker that ends', () => {
  let mortal: Fleet<SampleWorker>;

  afterEach(() => mortal.stop());

  it('fails the calls that wait for it and those to come, and can be replaced', async () => {
    mortal = await startFleet();
    const worker = mortal.worker(0);
    const outcome = worker.call('sleep', 10_000).catch((error: unknown) => error);
    expect(await worker.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await outcome).toMatchObject({
      code: 'WORKER_EXITED',
      message: 'Worker worker-0 ended by SIGKILL.',
      exit: { code: null, signal: 'SIGKILL' },
    });
    await expect(worker.call('who')).rejects.toThrow(WorkerExitError);
    expect([worker.isRunning, worker.hasFailed]).toEqual([false, false]);
    expect(await worker.kill()).toEqual(await worker.ended);

    const next = await mortal.restart(0);
    expect(await mortal.worker(0).call('who')).toMatchObject({ name: 'worker-0', pid: next.pid });
    expect(next.pid).not.toBe(worker.pid);
  });

  it('is killed though it is paused, or busy for ever', async () => {
    mortal = await startFleet({ size: 2 });
    mortal.worker(0).pause();
    const spinning = mortal
      .worker(1)
      .call('spin')
      .catch((error: unknown) => error);
    await mortal.stop();
    expect(await spinning).toBeInstanceOf(WorkerExitError);
    expect(mortal.workers.map(({ isRunning }) => isRunning)).toEqual([false, false]);
  });

  it('drains first when it is terminated, and is gone once nothing keeps it', async () => {
    mortal = await startFleet();
    const worker = mortal.worker(0);
    await worker.call('keepAlive');
    await worker.call('drainOnTerminate', 'drained');
    expect(await worker.terminate()).toEqual({ code: 0, signal: null });
    expect([worker.output, worker.hasFailed]).toEqual(['drained', false]);
  });

  it('ends on the spot when it is terminated and has said nothing about it', async () => {
    mortal = await startFleet();
    expect(await mortal.worker(0).terminate()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it.each<[string, () => Promise<unknown>, number, string]>([
    ['for a rejection that nobody handles', () => mortal.worker(0).call('rejectUnheard'), 1, 'nobody listens'],
    ['by itself', () => mortal.worker(0).call('exit', 7), 7, 'last words'],
  ])('%s fails the fleet, with its exit code and last words', async (_, end, code, words) => {
    mortal = await startFleet();
    const worker = mortal.worker(0);
    await worker.call('print', 'last words');
    await end().catch(() => undefined);
    expect(await worker.ended).toEqual({ code, signal: null });
    expect([worker.hasFailed, worker.output]).toEqual([true, expect.stringContaining(words)]);
    await expect(mortal.stop()).rejects.toThrow(`Worker worker-0 ended with exit code ${code}.\nlast words`);
  });

  it('fails the fleet even when it was replaced', async () => {
    mortal = await startFleet();
    await mortal
      .worker(0)
      .call('exit', 7)
      .catch(() => undefined);
    await mortal.restart(0);
    await expect(mortal.stop()).rejects.toThrow('exit code 7');
  });
});

describe('a start that fails', () => {
  it('rejects with what the module threw, and leaves no worker behind', async () => {
    const dataOf = (index: number): string => (index === 1 ? 'throw' : 'tell');
    await expect(startFleet({ size: 2, dataOf, answersFor: () => answers })).rejects.toMatchObject({
      message: 'no such table',
      code: 'SAMPLE_BROKEN',
    });
    expect(pidsHeard).toHaveLength(1);
    for (const pid of pidsHeard) expect(await stateOf(pid)).toBeUndefined();
  });

  it('rejects with how the worker ended', async () => {
    await expect(startFleet({ dataOf: () => 'exit' })).rejects.toThrow('Worker worker-0 ended with exit code 3.');
  });
});

describe('a module', () => {
  it('may be JavaScript, named by its path', async () => {
    const path = fileURLToPath(new URL('./fixtures/plain.worker.mjs', import.meta.url));
    await using plain = await Fleet.start<{ greet(whom: string): string }>(path, { size: 1, execArgv: SOURCES });
    expect(await plain.worker(0).call('greet', 'Ada')).toBe('worker-0 greets Ada');
  });

  it('must have a default export', async () => {
    const module = new URL('./fixtures/no-worker.ts', import.meta.url);
    await expect(Fleet.start(module, { size: 1, execArgv: SOURCES })).rejects.toThrow(
      'has no default export. Write: export default defineWorker',
    );
  });

  it('must exist', async () => {
    const module = new URL('./fixtures/missing.ts', import.meta.url);
    await expect(Fleet.start(module, { size: 1, execArgv: SOURCES })).rejects.toThrow('missing.ts');
  });
});

describe('workers whose parent is gone', () => {
  it.each(['crash', 'exit', 'end of work'])(
    'are gone too, busy and paused ones included, after its %s',
    async (way) => {
      const parent = fileURLToPath(new URL('./fixtures/parent.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [...SOURCES, parent, way]).catch(
        (error: unknown) => error as { stdout: string },
      );
      const pids = stdout.trim().split(' ').map(Number);
      expect(pids).toHaveLength(3);
      for (const pid of pids) await eventually(async () => (await stateOf(pid)) === undefined);
    },
  );
});
