const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

/**
 * The XXH32 checksum, with the seed 0, of the bytes from `start` to before `end`.
 *
 * For the few hundred bytes of most entries it takes less time than a call of zlib alone, without leaving JavaScript. A
 * change within four bytes in a row from `start`, so any single flipped bit, always changes it; any other does but for
 * one time in 2^32.
 *
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
export function xxHash32(bytes: DataView, start: number, end: number): number {
  let at = start;
  let hash = PRIME_5;
  if (end - start >= STRIPE_BYTES) {
    let a = (PRIME_1 + PRIME_2) | 0;
    let b = PRIME_2;
    let c = 0;
    let d = -PRIME_1 | 0;
    for (const lastStripeAt = end - STRIPE_BYTES; at <= lastStripeAt; at += STRIPE_BYTES) {
      a = addToLane(a, bytes.getInt32(at, true));
      b = addToLane(b, bytes.getInt32(at + 4, true));
      c = addToLane(c, bytes.getInt32(at + 8, true));
      d = addToLane(d, bytes.getInt32(at + 12, true));
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
  }
  hash = (hash + end - start) | 0;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(bytes.getInt32(at, true), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < end; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes.getUint8(at), PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function addToLane(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(word: number, byBits: number): number {
  return (word << byBits) | (word >>> (32 - byBits));
}
