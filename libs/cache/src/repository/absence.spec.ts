import { describe, expect, it } from '@jest/globals';
import { absenceForMany, absenceForOne, isAbsence, isLeftOut, NOTHING_STORED, saidForOne } from './absence.js';

describe('an absence', () => {
  it.each([null, undefined, false, 0, ''])('is stored as %p', (stored) => {
    expect(isAbsence(stored)).toBe(true);
  });

  it.each([NOTHING_STORED, {}, 1, 'hero', NaN, true])('is not %p', (stored) => {
    expect(isAbsence(stored)).toBe(false);
    expect(saidForOne(stored)).toBeUndefined();
    expect(isLeftOut(stored)).toBe(false);
  });

  it.each([null, undefined])('keeps what findById said, %p, when findByIds leaves it out too', (said) => {
    const byOne = absenceForOne(said, NOTHING_STORED);
    expect(saidForOne(byOne)).toEqual({ said });
    expect(isLeftOut(byOne)).toBe(false);

    const byBoth = absenceForMany(byOne);
    expect(saidForOne(byBoth)).toEqual({ said });
    expect(isLeftOut(byBoth)).toBe(true);
  });

  it.each([null, undefined])('keeps that findByIds left it out when findById says %p', (said) => {
    const byMany = absenceForMany(NOTHING_STORED);
    expect(saidForOne(byMany)).toBeUndefined();
    expect(isLeftOut(byMany)).toBe(true);

    const byBoth = absenceForOne(said, byMany);
    expect(saidForOne(byBoth)).toEqual({ said });
    expect(isLeftOut(byBoth)).toBe(true);
  });
});
