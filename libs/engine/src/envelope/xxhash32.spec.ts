import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { xxHash32 } from './xxhash32.js';

function hashOf(bytes: Uint8Array): number {
  return xxHash32(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** The bytes that the tests of xxHash itself use. */
function sanityBytes(length: number): Uint8Array {
  let generator = 2_654_435_761;
  return Uint8Array.from({ length }, () => {
    const byte = generator >>> 24;
    generator = Math.imul(generator, generator) >>> 0;
    return byte;
  });
}

describe('xxHash32', () => {
  it.each([
    [0, 0x02cc5d05],
    [1, 0xb85cbee5],
    [14, 0xe5aa0ab4],
    [101, 0x1f1aa412],
  ])('gives for %d bytes what xxHash gives', (length, expected) => {
    expect(hashOf(sanityBytes(length))).toBe(expected);
  });

  it.each([
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('gives for "%s" what xxHash gives', (text, expected) => {
    expect(hashOf(Buffer.from(text))).toBe(expected);
  });

  it('gives the same for the same stretch, wherever it stands', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20), (stretch, before, after) => {
        const around = Buffer.concat([Buffer.alloc(before, 1), stretch, Buffer.alloc(after, 2)]);
        const view = new DataView(around.buffer, around.byteOffset, around.length);
        expect(xxHash32(view, before, before + stretch.length)).toBe(hashOf(stretch));
      }),
    );
  });

  it('tells any flipped bit, and any other change of one word', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 4, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 0xffffffff }),
        (stretch, word, change) => {
          const changed = Buffer.from(stretch);
          const at = 4 * (word % Math.floor(stretch.length / 4));
          changed.writeUInt32LE((changed.readUInt32LE(at) ^ change) >>> 0, at);
          expect(hashOf(changed)).not.toBe(hashOf(stretch));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
