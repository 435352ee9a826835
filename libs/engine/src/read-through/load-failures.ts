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

  note(key: string, terms: FailureTerms): void {
    this.#failures.delete(key);
    if (terms.forMs === 0) return;
    const untilMs = this.clock.monotonicMs() + terms.forMs;
    this.#failures.set(key, { ...terms, untilMs, stamp: this.changes.stamp() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_FAILURES && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** The failure that still stands for loads of the key: none has been written or evicted since. */
  find(key: string): FailureTerms | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined) return undefined;
    const isOver = this.clock.monotonicMs() >= failure.untilMs || this.changes.isOutdated(key, failure.stamp);
    if (isOver) this.#failures.delete(key);
    return isOver ? undefined : failure;
  }
}
