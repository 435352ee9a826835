import { Random } from '@nest-strata/core';

/**
 * Randomness that a test can repeat: the same seed gives the same numbers and bytes, in this and every later release.
 *
 * Never a source of secrets. The generator is sfc32 of PractRand, seeded through splitmix32.
 */
export class SeededRandom extends Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` counts as an unsigned 32-bit integer. */
  constructor(seed = 1) {
    super();
    let state = seed >>> 0;
    const word = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    [this.#a, this.#b, this.#c] = [word(), word(), word()];
    for (let round = 0; round < 12; round++) this.#next();
  }

  override fraction(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  override bytes(byteLength: number): Buffer {
    const bytes = Buffer.alloc(byteLength);
    for (let offset = 0; offset < byteLength; offset++) bytes[offset] = this.#next() >>> 24;
    return bytes;
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }
}
