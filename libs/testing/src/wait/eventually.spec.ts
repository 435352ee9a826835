import { describe, expect, it } from '@jest/globals';
import { ConditionTimeoutError } from './condition-timeout.error.js';
import { eventually } from './eventually.js';

describe('eventually', () => {
  it('is over at once when the condition holds', async () => {
    let looks = 0;
    await eventually(() => ++looks > 0, 0);
    expect(looks).toBe(1);
  });

  it.each<[string, (isTrue: boolean) => boolean | Promise<boolean>]>([
    ['says', (isTrue) => isTrue],
    ['promises', (isTrue) => Promise.resolve(isTrue)],
  ])('looks again until the condition %s that it holds', async (_, answer) => {
    let looks = 0;
    await eventually(() => answer(++looks === 3));
    expect(looks).toBe(3);
  });

  it('gives up when the time is over, not before, and quotes what did not come true', async () => {
    const startedAtMs = performance.now();
    const error: unknown = await eventually(() => startedAtMs < 0, 30).catch((reason: unknown) => reason);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(30);
    expect(error).toBeInstanceOf(ConditionTimeoutError);
    expect(error).toMatchObject({ code: 'CONDITION_TIMEOUT', withinMs: 30 });
    expect(String(error)).toMatch(/Not true within 30 ms: .*startedAtMs < 0\. See what/);
  });

  it('looks once when there is no time, or none that is a number', async () => {
    for (const withinMs of [0, -1, NaN]) {
      let looks = 0;
      await expect(eventually(() => ++looks > 1, withinMs)).rejects.toThrow(ConditionTimeoutError);
      expect(looks).toBe(1);
    }
  });

  it('ends with the error of the condition', async () => {
    let looks = 0;
    const failing = (): boolean => {
      if (++looks === 2) throw new Error('no database');
      return false;
    };
    await expect(eventually(failing)).rejects.toThrow('no database');
  });
});
