import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StallWatch } from './stall-watch.js';

const THRESHOLD_MS = 300;

describe('StallWatch', () => {
  let watch: StallWatch;

  beforeEach(() => {
    watch = new StallWatch({ thresholdMs: THRESHOLD_MS });
  });

  afterEach(() => watch.stop());

  function stall(): { startNs: bigint; endNs: bigint } {
    const startNs = process.hrtime.bigint();
    while (process.hrtime.bigint() < startNs + BigInt(THRESHOLD_MS * 1.1e6));
    return { startNs, endNs: process.hrtime.bigint() };
  }

  it('notes when the event loop stood still', async () => {
    await sleep(20);
    const { startNs, endNs } = stall();
    await sleep(20);
    const stalls = watch.take();
    expect(stalls).toHaveLength(1);
    expect(stalls[0]?.startNs).toBeLessThanOrEqual(startNs);
    expect(stalls[0]?.endNs).toBeGreaterThanOrEqual(endNs);
    expect(watch.take()).toEqual([]);
  });

  it('notes a stall that is not over yet, and whom it concerns', () => {
    stall();
    expect(watch.take(['worker-1'])).toMatchObject([{ processes: ['worker-1'] }]);
  });

  it('takes no notice of short pauses', async () => {
    for (let turn = 0; turn < 5; turn++) await sleep(5);
    expect(watch.take()).toEqual([]);
  });

  it('watches from 20 ms on unless it is told otherwise', () => {
    const strict = new StallWatch();
    stall();
    strict.stop();
    expect(strict.take()).toHaveLength(1);
  });
});
