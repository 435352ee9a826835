import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { setPatientTimer } from './patient-timer.js';

describe('setPatientTimer', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('fires two turns of the event loop after its time', async () => {
    const clock = new FakeClock();
    let fired = false;
    setPatientTimer(clock, () => (fired = true), 10);
    clock.advance(9);
    await turn();
    await turn();
    await turn();
    clock.advance(1);
    await turn();
    expect(fired).toBe(false);
    await turn();
    await turn();
    expect(fired).toBe(true);
  });

  it.each([
    ['before its time', 0],
    ['in its first turn', 1],
    ['in its second turn', 2],
  ])('can be cancelled %s', async (_when, stage) => {
    const clock = new FakeClock();
    let fired = false;
    const timer = setPatientTimer(clock, () => (fired = true), 10);
    if (stage > 0) clock.advance(10);
    if (stage > 1) await turn();
    timer.cancel();
    clock.advance(10);
    for (let count = 0; count < 4; count++) await turn();
    expect(fired).toBe(false);
  });
});
