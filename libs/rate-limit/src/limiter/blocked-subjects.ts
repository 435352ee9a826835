import type { Clock } from '@nest-strata/core';
import type { PolicyResult } from './rate-limit-result.js';

/** A denial that holds until a moment whatever others do, unless they give something back. */
interface Block {
  readonly revision: number;
  readonly cost: number;
  /** By the monotonic clock of this process. */
  readonly retryAtMs: number;
  readonly resetAtMs: number;
  readonly trustedUntilMs: number;
  readonly result: PolicyResult;
}

const MAX_BLOCKS_PER_SUBJECT = 16;
/** The revision under which the block of a subject itself is kept; policies begin with 1. */
export const WHOLE_SUBJECT = 0;

/**
 * Who is known to be denied, so that Redis need not be asked again: by subject, policy (in the revision that denied) and
 * cost. It is exact until the moment to try again, but for what other processes give back: after `trustForMs` Redis is
 * asked again. Bounded, each call costs the same however many there are, and nothing needs a timer.
 */
export class BlockedSubjects {
  readonly #maxSubjects: number;
  readonly #trustForMs: number;
  readonly #clock: Clock;
  /** The one that was heard of least recently comes first. */
  readonly #subjects = new Map<string, Block[]>();

  constructor(maxSubjects: number, trustForMs: number, clock: Clock) {
    this.#maxSubjects = maxSubjects;
    this.#trustForMs = trustForMs;
    this.#clock = clock;
  }

  get size(): number {
    return this.#subjects.size;
  }

  /** The denial of a policy, with the times of now; `undefined` where Redis has to be asked. */
  find(subject: string, revision: number, cost: number): PolicyResult | undefined {
    const blocks = this.#subjects.get(subject);
    if (blocks === undefined) return undefined;
    const index = blocks.findIndex((block) => block.revision === revision && block.cost === cost);
    const block = blocks[index];
    if (block === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= block.trustedUntilMs) {
      blocks.splice(index, 1);
      if (blocks.length === 0) this.#subjects.delete(subject);
      return undefined;
    }
    this.#subjects.delete(subject);
    this.#subjects.set(subject, blocks);
    const retryAfterMs = Math.max(1, Math.ceil(block.retryAtMs - nowMs));
    const resetAfterMs = Math.max(retryAfterMs, Math.ceil(block.resetAtMs - nowMs));
    return { ...block.result, retryAfterMs, resetAfterMs, source: 'memory' };
  }

  /** Notes a denial whose times are those of now. */
  note(result: PolicyResult, revision: number, cost: number): void {
    if (this.#maxSubjects === 0 || !(result.retryAfterMs > 0)) return;
    const nowMs = this.#clock.monotonicMs();
    const retryAtMs = nowMs + result.retryAfterMs;
    const trustedUntilMs = Math.min(retryAtMs, nowMs + this.#trustForMs);
    const resetAtMs = nowMs + result.resetAfterMs;
    const blocks = (this.#subjects.get(result.subject) ?? []).filter(
      (block) => block.revision !== revision || block.cost !== cost,
    );
    blocks.push({ revision, cost, retryAtMs, resetAtMs, trustedUntilMs, result });
    if (blocks.length > MAX_BLOCKS_PER_SUBJECT) blocks.shift();
    this.#subjects.delete(result.subject);
    this.#subjects.set(result.subject, blocks);
    if (this.#subjects.size > this.#maxSubjects) this.#forgetOldest();
  }

  /** Something was given back to a subject. */
  forget(subject: string): void {
    this.#subjects.delete(subject);
  }

  clear(): void {
    this.#subjects.clear();
  }

  #forgetOldest(): void {
    for (const subject of this.#subjects.keys()) {
      this.#subjects.delete(subject);
      return;
    }
  }
}
