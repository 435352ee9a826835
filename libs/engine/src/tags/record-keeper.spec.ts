import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { RecordKeeper } from './record-keeper.js';

function keepWith(keepInUse: () => Promise<void>) {
  const clock = new FakeClock();
  const activeAtMs: number[] = [];
  const startMs = clock.monotonicMs();
  const keeper = new RecordKeeper({ keepInUse }, { active: (nowMs) => activeAtMs.push(nowMs - startMs) }, clock);
  return { clock, keeper, activeAtMs };
}

describe('RecordKeeper', () => {
  it('keeps the records in use and has the process leave its heartbeat, every 5 s until it is stopped', async () => {
    let kept = 0;
    const { clock, keeper, activeAtMs } = keepWith(async () => {
      kept++;
    });
    keeper.start();
    keeper.start();
    await clock.advanceAsync(10_000);
    expect([kept, activeAtMs]).toEqual([2, [5_000, 10_000]]);
    keeper.stop();
    await clock.advanceAsync(10_000);
    expect([kept, activeAtMs.length]).toEqual([2, 2]);
  });
});
