import type { BoundKept } from './verdict.js';

/** Measures delays against a bound. */
export class MeasuredBound {
  readonly #when: string;
  readonly #boundMs: number;
  #sampleCount = 0;
  #lateCount = 0;
  #worstMs = 0;

  constructor(when: string, boundMs: number) {
    this.#when = when;
    this.#boundMs = boundMs;
  }

  /** Whether more than `share` of the samples were late. */
  isMissedBy(share: number): boolean {
    return this.#lateCount > this.#sampleCount * share;
  }

  get kept(): BoundKept {
    const [when, boundMs, sampleCount] = [this.#when, this.#boundMs, this.#sampleCount];
    return { when, boundMs, sampleCount, lateCount: this.#lateCount, worstMs: this.#worstMs };
  }

  /** Takes a sample, whose delay was none if left out; tells whether it has reached the bound. */
  add(delayMs = 0): boolean {
    const isLate = delayMs >= this.#boundMs;
    this.#sampleCount++;
    this.#lateCount += Number(isLate);
    this.#worstMs = Math.max(this.#worstMs, delayMs);
    return isLate;
  }
}
