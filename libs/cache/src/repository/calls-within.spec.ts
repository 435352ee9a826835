import { describe, expect, it } from '@jest/globals';
import { isWithin, runWithin } from './calls-within.js';

const [heroes, children] = [{}, {}];

describe('a call within a repository', () => {
  it('is known in everything that it calls, until it ends', async () => {
    await runWithin(heroes, async () => {
      await Promise.resolve();
      expect(isWithin(heroes)).toBe(true);
      expect(isWithin(children)).toBe(false);
    });

    expect(isWithin(heroes)).toBe(false);
  });

  it('is known behind calls of other repositories', () => {
    runWithin(heroes, () =>
      runWithin(children, () => {
        expect([isWithin(heroes), isWithin(children)]).toEqual([true, true]);
      }),
    );
    expect.assertions(1);
  });

  it('does not concern what runs beside it', async () => {
    const beside = Promise.resolve().then(() => isWithin(heroes));
    await runWithin(heroes, () => Promise.resolve());

    expect(await beside).toBe(false);
  });
});
