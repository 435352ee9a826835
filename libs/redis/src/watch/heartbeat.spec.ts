import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { Heartbeat } from './heartbeat.js';

interface Proof {
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

/** A heartbeat every 300 ms, beginning at 1000, whose proofs are settled by hand. */
function setUp() {
  const clock = new FakeClock(1_000);
  const proofs: Proof[] = [];
  const failures: unknown[] = [];
  const heartbeat = new Heartbeat({
    clock,
    everyMs: () => 300,
    prove: () => new Promise<void>((succeed, fail) => void proofs.push({ succeed, fail })),
    failed: (error) => failures.push(error),
  });
  return { clock, proofs, failures, heartbeat };
}

async function startAndSucceed(heartbeat: Heartbeat, proofs: readonly Proof[]): Promise<void> {
  const started = heartbeat.start();
  proofs.at(-1)?.succeed();
  await expect(started).resolves.toBe(true);
}

describe('Heartbeat', () => {
  it('is certain up to the moment before the proof began, once there is one', async () => {
    const { clock, proofs, heartbeat } = setUp();
    const started = heartbeat.start();
    await clock.advanceAsync(40);
    expect(heartbeat.heardUpToMs).toBe(-Infinity);
    proofs[0]?.succeed();
    await expect(started).resolves.toBe(true);
    expect(heartbeat).toMatchObject({ heardUpToMs: 1_000, lagMs: 40 });
  });

  it('begins the next proof so long after the beginning of the last one, but never two at once', async () => {
    const { clock, proofs, heartbeat } = setUp();
    const started = heartbeat.start();
    await clock.advanceAsync(40);
    proofs[0]?.succeed();
    await started;
    await clock.advanceAsync(259);
    expect(proofs).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(proofs).toHaveLength(2);
    await clock.advanceAsync(1_000);
    expect(proofs).toHaveLength(2);
    expect(heartbeat.heardUpToMs).toBe(1_000);
    proofs[1]?.succeed();
    await clock.advanceAsync(0);
    expect(heartbeat).toMatchObject({ heardUpToMs: 1_300, lagMs: 1_000 });
    expect(proofs).toHaveLength(3);
  });

  it('tells of a failed proof, and makes no more until it is started again', async () => {
    const { clock, proofs, failures, heartbeat } = setUp();
    await startAndSucceed(heartbeat, proofs);
    await clock.advanceAsync(300);
    proofs[1]?.fail(new Error('silence'));
    await clock.advanceAsync(1_000);
    expect(failures).toEqual([new Error('silence')]);
    expect(proofs).toHaveLength(2);
    await startAndSucceed(heartbeat, proofs);
    expect(heartbeat.heardUpToMs).toBe(2_300);
  });

  it('throws what the first proof throws', async () => {
    const { proofs, failures, heartbeat } = setUp();
    const started = heartbeat.start();
    proofs[0]?.fail(new Error('silence'));
    await expect(started).rejects.toThrow('silence');
    expect(failures).toEqual([]);
  });

  it.each(['succeed', 'fail'] as const)('does not care for a proof that was begun before a stop: %s', async (how) => {
    const { clock, proofs, failures, heartbeat } = setUp();
    const first = heartbeat.start();
    heartbeat.stop();
    proofs[0]?.[how](new Error('silence'));
    await expect(first).resolves.toBe(false);

    await startAndSucceed(heartbeat, proofs);
    await clock.advanceAsync(300);
    heartbeat.stop();
    proofs[2]?.[how](new Error('silence'));
    await clock.advanceAsync(1_000);
    expect(heartbeat.heardUpToMs).toBe(-Infinity);
    expect(failures).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
