import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32 as crc32OfZlib } from 'node:zlib';
import { crc32 } from './crc32.js';

it('gives what zlib gives, for stretches of any length and at any offset', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600, size: 'max' }), fc.nat(600), fc.nat(600), (array, a, b) => {
      const bytes = Buffer.from(array);
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      expect(crc32(bytes, start, end)).toBe(crc32OfZlib(bytes.subarray(start, end)));
    }),
    { numRuns: 2_000 },
  );
  expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926);
});
