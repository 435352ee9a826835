import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FENCE_ADMITS, FenceGuard } from '@nest-strata/coordination';
import { defineScript } from '@nest-strata/redis';
import { LockProcesses } from './locks-harness.js';

let processes: LockProcesses;
let guard: FenceGuard;

beforeAll(async () => {
  processes = await LockProcesses.start();
  guard = new FenceGuard(processes.port, { namespace: processes.namespace });
});

afterAll(() => processes[Symbol.asyncDispose]());

const LOW = '000000000000000f';
const HIGH = '0006616f2d8a1c3b';

describe('FenceGuard', () => {
  it('lets a token pass as often as it likes, until a higher one has', async () => {
    await guard.admit('r', LOW);
    await guard.admit('r', LOW);
    await guard.admit('r', HIGH);
    await expect(guard.admit('r', LOW)).rejects.toMatchObject({ code: 'STALE_FENCE', resource: 'r', fence: LOW });
    await guard.admit('another', LOW);
  });

  it('goes by the number, whatever the locale of the server', async () => {
    for (const [lower, higher] of [
      ['0000000000000009', '000000000000000a'],
      ['00000000000000ff', '0000000000000100'],
    ] as const) {
      await guard.admit(higher, higher);
      await expect(guard.admit(higher, lower)).rejects.toMatchObject({ code: 'STALE_FENCE' });
    }
  });

  it('writes in the same step, or not at all', async () => {
    await guard.set('w', HIGH, 'target', 'new', '1h');
    await expect(guard.set('w', LOW, 'target', 'old')).rejects.toMatchObject({ code: 'STALE_FENCE' });
    expect(String((await processes.port.read(['target']))[0])).toBe('new');
    expect(await processes.lifeOf('target')).toBeGreaterThan(3_000_000);
    await guard.set('w', HIGH, 'target', 'newer');
    expect(await processes.lifeOf('target')).toBe(-1);
  });

  it('remembers for a week', async () => {
    await guard.admit('week', LOW);
    expect(await processes.lifeOf(guard.keyOf('week'))).toBeGreaterThan(7 * 86_400_000 - 60_000);
  });

  it('stands before scripts of others', async () => {
    const push = defineScript({
      name: 'push-fenced',
      keys: ['guard', 'list'],
      args: ['token', 'item'],
      lua: `${FENCE_ADMITS} if not fence_admits(KEYS[1], ARGV[1], 60000) then return -1 end return redis.call('RPUSH', KEYS[2], ARGV[2])`,
      parse: Number,
    });
    const keys = { guard: guard.keyOf('list'), list: 'list' };
    expect(await processes.port.run(push, keys, { token: HIGH, item: 'a' })).toBe(1);
    expect(await processes.port.run(push, keys, { token: LOW, item: 'b' })).toBe(-1);
  });

  it('shuts out who was released by force, once told', async () => {
    const lock = await processes.locks.acquire('forced');
    await guard.admit('forced', lock.fence);
    const { fence } = await processes.locks.forceRelease('forced');
    await guard.admit('forced', fence);
    await expect(guard.admit('forced', lock.fence)).rejects.toMatchObject({ code: 'STALE_FENCE' });
  });

  it.each(['', 'xyz', '12', 'FFFFFFFFFFFFFFFF', 5 as never])('refuses the token %p', async (fence) => {
    await expect(guard.admit('r', fence)).rejects.toMatchObject({ code: 'INVALID_LOCK_OPTIONS' });
  });

  it('refuses a life that is none', () => {
    expect(() => new FenceGuard(processes.port, { namespace: 'n', life: 'forever' })).toThrow('up to 3650 days');
  });
});
