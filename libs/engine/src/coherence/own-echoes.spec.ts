import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { OwnEchoes } from './own-echoes.js';

describe('OwnEchoes', () => {
  let clock: FakeClock;
  let echoes: OwnEchoes;
  beforeEach(() => {
    clock = new FakeClock();
    echoes = new OwnEchoes(clock, () => true);
  });

  const run = (changed: boolean) =>
    echoes.during(
      'a',
      () => Promise.resolve(changed),
      (result) => result,
    );

  it('has nothing to wait for at first, nor after a script that changed nothing', async () => {
    expect(echoes.settled('a')).toBeUndefined();
    expect(await run(false)).toBe(false);
    expect(echoes.settled('a')).toBeUndefined();
  });

  it('waits for the echo of a script that changed the key', async () => {
    await run(true);
    let isSettled = false;
    const settled = echoes.settled('a')?.then(() => (isSettled = true));
    await Promise.resolve();
    expect(isSettled).toBe(false);
    expect(echoes.settled('b')).toBeUndefined();
    echoes.heard('b');
    echoes.heard('a');
    await settled;
    expect(isSettled).toBe(true);
    expect(echoes.settled('a')).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits no longer than 50 ms', async () => {
    await run(true);
    const settled = echoes.settled('a');
    clock.advance(50);
    await settled;
    expect(echoes.settled('a')).toBeUndefined();
  });

  it('does not wait for an echo that came before the reply', async () => {
    const reply = echoes.during(
      'a',
      async () => {
        echoes.heard('a');
        return true;
      },
      () => true,
    );
    await reply;
    expect(echoes.settled('a')).toBeUndefined();
  });

  it('does not wait while the script is under way: the claim itself comes after it', async () => {
    let finish: (changed: boolean) => void = () => undefined;
    const script = new Promise<boolean>((resolve) => (finish = resolve));
    const running = echoes.during(
      'a',
      () => script,
      (changed) => changed,
    );
    expect(echoes.settled('a')).toBeUndefined();
    finish(true);
    await running;
    expect(echoes.settled('a')).toBeDefined();
    echoes.heard('a');
  });

  it('does not wait for a script that failed', async () => {
    const failing = echoes.during(
      'a',
      () => Promise.reject(new Error('away')),
      () => true,
    );
    await expect(failing).rejects.toThrow('away');
    expect(echoes.settled('a')).toBeUndefined();
  });

  it('lets the echo of a later script stand when that of an earlier one is over', async () => {
    await run(true);
    const earlier = echoes.settled('a');
    await run(true);
    clock.advance(50);
    await earlier;
    expect(echoes.settled('a')).toBeDefined();
    echoes.heard('a');
  });

  it('waits for nothing of before once nothing of that is told any more', async () => {
    await run(true);
    const settled = echoes.settled('a');
    echoes.forgetAll();
    await settled;
    expect(echoes.settled('a')).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for the next echo, however many of before have never come', async () => {
    for (let key = 0; key <= 10_000; key++) {
      await echoes.during(
        `lost ${String(key)}`,
        () => Promise.resolve(),
        () => true,
      );
    }
    echoes.forgetAll();
    await run(true);
    expect(echoes.settled('a')).toBeDefined();
    echoes.heard('a');
  });

  it('waits for nothing where own scripts are not told of', async () => {
    const silent = new OwnEchoes(clock, () => false);
    await silent.during(
      'a',
      () => Promise.resolve(1),
      () => true,
    );
    expect(silent.settled('a')).toBeUndefined();
  });
});
