import type { HistoryEvent } from './history-event.js';

/** What must not have happened. */
export interface Violation {
  /** In one sentence, with processes, key and versions. */
  readonly message: string;
  /** The events that show it. */
  readonly events: readonly HistoryEvent[];
}

/** How late something may be, and how late it was. */
export interface BoundKept {
  /** Under which conditions: `healthy`, `always`. */
  readonly when: string;
  readonly boundMs: number;
  /** How often it was looked at. */
  readonly sampleCount: number;
  /** How often it was as late as the bound, or later. */
  readonly lateCount: number;
  readonly worstMs: number;
}

/** What the check of a history has found. */
export interface Verdict {
  /** How many operations were checked. */
  readonly operations: number;
  readonly violationCount: number;
  /** The first ones, at most {@link MAX_VIOLATIONS_KEPT}. */
  readonly violations: readonly Violation[];
  /** Empty where nothing is bounded in time. */
  readonly bounds: readonly BoundKept[];
}

/** A broken build may violate an invariant with every read; a few of them tell all. */
const MAX_VIOLATIONS_KEPT = 20;

/** Collects what makes a {@link Verdict}. */
export class Findings {
  #operations = 0;
  #violationCount = 0;
  readonly #violations: Violation[] = [];

  countOperations(count: number): void {
    this.#operations += count;
  }

  addViolation(message: string, ...events: readonly HistoryEvent[]): void {
    this.#violationCount++;
    if (this.#violations.length < MAX_VIOLATIONS_KEPT) this.#violations.push({ message, events });
  }

  verdict(bounds: readonly BoundKept[] = []): Verdict {
    return { operations: this.#operations, violationCount: this.#violationCount, violations: this.#violations, bounds };
  }
}
