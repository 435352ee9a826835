import type { ValueKeeper, KeptValue } from '../memory/value-keeper.js';
import type { Flight } from './single-flight.js';

/** A value on its way to its callers. */
export interface HeldValue extends KeptValue {
  /** Memory holds this very object; else it belongs to the first caller that gets it. */
  readonly isHeld: boolean;
}

/** A copy that a tier had. */
export interface FoundCopy extends HeldValue {
  readonly tier: string;
  readonly isFresh: boolean;
  readonly createdAtMs: number;
  readonly freshUntilMs: number;
}

/** What a caller gets, and where it comes from; immutable, observed once per caller. */
export interface ReadOutcome {
  /** `undefined`: no tier had it, the loader was called. */
  readonly tier: string | undefined;
  /** A copy that was expired by hand, served because the loader failed. */
  readonly isStale: boolean;
  readonly value: unknown;
}

/** Gives every caller of a flight the value, each its own copy where the value can be changed. */
export function settle(
  flight: Flight<ReadOutcome>,
  keeper: ValueKeeper,
  held: HeldValue,
  source: Omit<ReadOutcome, 'value'>,
): void {
  flight.settle((index) => ({ ...source, value: keeper.present(held, index === 0 && !held.isHeld) }));
}
