import { randomFillSync } from 'node:crypto';

/** Where randomness comes from, so that a test can decide it. */
export abstract class Random {
  /** A number in [0, 1), evenly distributed. */
  abstract fraction(): number;

  /** `byteLength` unpredictable bytes. */
  abstract bytes(byteLength: number): Buffer;
}

/** How many bytes are drawn from the system at once; drawing eight at a time would cost a system call each. */
const POOL_BYTES = 4096;

/** The randomness of the machine: `fraction` is quick, `bytes` is cryptographically strong. */
export class SystemRandom extends Random {
  #pool = Buffer.alloc(0);
  #offset = 0;

  override fraction(): number {
    return Math.random();
  }

  override bytes(byteLength: number): Buffer {
    if (this.#offset + byteLength > this.#pool.length) {
      this.#pool = randomFillSync(Buffer.allocUnsafe(Math.max(POOL_BYTES, byteLength)));
      this.#offset = 0;
    }
    return this.#pool.subarray(this.#offset, (this.#offset += byteLength));
  }
}
