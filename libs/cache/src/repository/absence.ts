/** What is known of how the methods of a repository say that there is no entity. */
interface Absence {
  /** Stands for it in the cache: each of the values that count as false, none of which is a record. */
  readonly stored: unknown;
  /** What `findById` says; left out: it was not asked. */
  readonly one?: { readonly said: null | undefined };
  /** Whether `findByIds` leaves it out; `false`: it was not asked. */
  readonly isLeftOut: boolean;
}

const ABSENCES: readonly Absence[] = [
  { stored: null, one: { said: null }, isLeftOut: false },
  { stored: undefined, one: { said: undefined }, isLeftOut: false },
  { stored: false, isLeftOut: true },
  { stored: 0, one: { said: null }, isLeftOut: true },
  { stored: '', one: { said: undefined }, isLeftOut: true },
];

/** In the place of what was stored, where nothing is known to have been. */
export const NOTHING_STORED = Symbol('nothing stored');

/** True for what is stored where there is no entity. */
export function isAbsence(stored: unknown): boolean {
  return absenceOf(stored) !== undefined;
}

/** What `findById` says of a stored absence; `undefined`: that is not known. */
export function saidForOne(stored: unknown): Absence['one'] {
  return absenceOf(stored)?.one;
}

/** Whether a stored absence is known to be left out by `findByIds`. */
export function isLeftOut(stored: unknown): boolean {
  return absenceOf(stored)?.isLeftOut === true;
}

/** What is to be stored when `findById` says this of what was stored as `before`. */
export function absenceForOne(said: null | undefined, before: unknown): unknown {
  if (!isLeftOut(before)) return said;
  return said === null ? 0 : '';
}

/** What is to be stored when `findByIds` leaves out what was stored as `before`. */
export function absenceForMany(before: unknown): unknown {
  const one = saidForOne(before);
  if (one === undefined) return false;
  return one.said === null ? 0 : '';
}

function absenceOf(stored: unknown): Absence | undefined {
  return ABSENCES.find((absence) => Object.is(absence.stored, stored));
}
