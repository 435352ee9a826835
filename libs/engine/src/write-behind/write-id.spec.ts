import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_SEQUENCE, versionOf } from './write-id.js';

const id = fc.tuple(fc.nat(2 ** 31 - 1), fc.nat(MAX_SEQUENCE - 1));

describe('versionOf', () => {
  it('grows with the id, first by its milliseconds', () => {
    fc.assert(
      fc.property(id, id, ([ms, sequence], [otherMs, otherSequence]) => {
        const isLower = ms < otherMs || (ms === otherMs && sequence < otherSequence);
        expect(versionOf(`${ms}-${sequence}`) < versionOf(`${otherMs}-${otherSequence}`)).toBe(isLower);
      }),
    );
  });

  it('fits a signed 64-bit column until the year 2248', () => {
    expect(versionOf(`${Date.UTC(2248, 0)}-${MAX_SEQUENCE - 1}`) < 2n ** 63n).toBe(true);
  });
});
