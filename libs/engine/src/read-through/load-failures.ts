import type { Clock } from '@nest-strata/core';
import type { FailureTerms } from '../authority/authority.port.js';
import type { LocalChanges } from '../memory/local-changes.js';

interface Failure extends FailureTerms {
  readonly untilMs: number;
  readonly stamp: number;
}

const MAX_FAILURES = 1_000;

/** The loads that failed in this process a moment ago, with the very errors; also while Redis is away. */
export class LoadFailures {
  readonly #failures = new Map<string, Failure>();

  constructor(
    private readonly clock: Clock,
    private readonly changes: LocalChanges,
  ) {}

  /** @param stamp of the local changes when the load began: what came since was not seen by it */
  note(key: string, terms: FailureTerms, stamp: number): void {
    if (this.changes.isOutdated(key, stamp)) return;
    this.#failures.delete(key);
    if (terms.forMs === 0) return;
    const untilMs = this.clock.monotonicMs() + terms.forMs;
    this.#failures.set(key, { ...terms, untilMs, stamp });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_FAILURES && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** The failure that still stands for loads of the key, which was not written or evicted since that load began. */
  find(key: string): FailureTerms | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined) return undefined;
    const isOver = this.clock.monotonicMs() >= failure.untilMs || this.changes.isOutdated(key, failure.stamp);
    if (isOver) this.#failures.delete(key);
    return isOver ? undefined : failure;
  }
}
