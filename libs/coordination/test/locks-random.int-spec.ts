import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, SeededRandom } from '@nest-strata/testing';
import { LockContendedError } from '../src/locks/errors/lock-contended.error.js';
import { LockLostError } from '../src/locks/errors/lock-lost.error.js';
import { LockTimeoutError } from '../src/locks/errors/lock-timeout.error.js';
import { LockUnavailableError } from '../src/locks/errors/lock-unavailable.error.js';
import type { Lock } from '../src/locks/held/lock.js';
import { LockProcesses } from './locks-harness.js';
import type { LockProcess } from './locks-harness.js';

const KEYS = ['a', 'b', 'c'];

/** What is under a lock at a moment, and the token of the last one that was there alone. */
interface Room {
  readers: number;
  writers: number;
  fence: string;
}

let processes: LockProcesses;
let all: LockProcess[];

beforeAll(async () => {
  processes = await LockProcesses.start();
  all = await Promise.all(Array.from({ length: 5 }, () => processes.process()));
});

afterAll(() => processes[Symbol.asyncDispose]());

describe('random attempts', () => {
  it.each([
    ['a thousand', { seed: 1, attempts: 1_000, ttl: '20s' }],
    ['a thousand others', { seed: 2, attempts: 1_000, ttl: '20s' }],
    ['a thousand more', { seed: 3, attempts: 1_000, ttl: '20s' }],
    ['two hundred of which messages and answers are lost', { seed: 4, attempts: 200, ttl: '1s', loss: 0.04 }],
  ] as const)('%s, keep apart what must be, with rising tokens, and leave nothing', async (_what, course) => {
    const { seed, attempts, ttl } = course;
    const loss = 'loss' in course ? course.loss : 0;
    const random = new SeededRandom(seed);
    for (const { redis } of all) {
      redis.disturb({ loseReply: loss });
      redis.onPublished = () => random.fraction() >= loss;
    }
    const rooms = new Map<string, Room>(KEYS.map((key) => [key, { readers: 0, writers: 0, fence: '' }]));
    const problems: string[] = [];
    const outcomes = { done: 0, aborted: 0, timeout: 0, contended: 0, disturbed: 0 };
    const choose = <Item>(items: readonly Item[]): Item => items[Math.floor(random.fraction() * items.length)] as Item;
    const pause = async (): Promise<void> => {
      const turns = Math.floor(random.fraction() * 4);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    };

    const work = async (key: string, { fence, isHeld }: Lock, isShared: boolean): Promise<void> => {
      const room = rooms.get(key) as Room;
      if (!isHeld) return; // the machine stood still for so long
      if (room.writers > 0 || (!isShared && room.readers > 0)) problems.push(`${key} is not free`);
      if (fence <= room.fence) problems.push(`${key}: ${fence} after ${room.fence}`);
      if (!isShared) room.fence = fence;
      room[isShared ? 'readers' : 'writers']++;
      await pause();
      room[isShared ? 'readers' : 'writers']--;
    };

    const attempt = async (): Promise<void> => {
      const { locks } = choose(all);
      const key = choose(KEYS);
      const isShared = random.fraction() < 0.3;
      const aborter = new AbortController();
      const isAborted = random.fraction() < 0.1;
      const wait = choose(['none', '5ms', '20s', '20s', '20s', 'forever'] as const);
      const mode = isShared ? 'shared' : 'exclusive';
      const fair = random.fraction() < 0.9;
      await pause();
      if (isAborted) void pause().then(() => aborter.abort(new Error('aborted')));
      try {
        await locks.withLock(key, { wait, mode, fair, signal: aborter.signal, ttl }, (lock) =>
          work(key, lock, isShared),
        );
        outcomes.done++;
      } catch (error) {
        if (error instanceof LockTimeoutError) outcomes.timeout++;
        else if (error instanceof LockContendedError) outcomes.contended++;
        else if (loss > 0 && (error instanceof LockUnavailableError || error instanceof LockLostError))
          outcomes.disturbed++;
        else if (isAborted) outcomes.aborted++;
        else throw error;
      }
    };

    const worker = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) await attempt();
    };
    await Promise.all(Array.from({ length: 20 }, () => worker(attempts / 20)));
    expect(problems).toEqual([]);
    expect(outcomes.done).toBeGreaterThan(attempts / 2);
    expect(outcomes.aborted + outcomes.timeout + outcomes.contended).toBeGreaterThan(0);
    for (const { redis } of all) redis.disturb({});
    await eventually(async () => {
      const states = await Promise.all(KEYS.map((key) => processes.locks.inspect(key)));
      return states.every(({ isHeld, waiters }) => !isHeld && waiters.length === 0);
    });
  });
});
