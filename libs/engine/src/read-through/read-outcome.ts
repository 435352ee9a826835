import type { StoredEntry } from '../authority/authority.port.js';
import type { ValueKeeper, KeptValue } from '../memory/value-keeper.js';

/** A value on its way to its callers. */
export interface HeldValue extends KeptValue {
  /** Memory holds this very object; else it belongs to the first caller that gets it. */
  readonly isHeld: boolean;
}

/** A copy that a tier had. */
export interface FoundCopy extends HeldValue {
  readonly tier: string;
  readonly entry: StoredEntry;
}

/** What a caller gets, and where it comes from; immutable, observed once per caller. */
export interface ReadOutcome {
  /** `undefined`: no tier had it, the loader was called. */
  readonly tier: string | undefined;
  /** A copy whose time is over. */
  readonly isStale: boolean;
  readonly value: unknown;
}

/** Where a value comes from. */
export type OutcomeSource = Omit<ReadOutcome, 'value'>;

/** A value that a loader brought. */
export const LOADED: OutcomeSource = Object.freeze({ tier: undefined, isStale: false });

/** What each of several callers gets of one value: a copy of its own where the value can be changed. */
export function outcomesOf(
  held: HeldValue,
  source: OutcomeSource,
  keeper: ValueKeeper,
): (index: number) => ReadOutcome {
  return (index) => ({ ...source, value: keeper.present(held, index === 0 && !held.isHeld) });
}
