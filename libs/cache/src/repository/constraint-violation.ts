/** Class 23 of the SQL states, which drivers tell as `code` or `sqlState`. */
const INTEGRITY_CONSTRAINT_VIOLATION = /^23[0-9A-Z]{3}$/;
/** Further than this nobody wraps an error. */
const MAX_DEPTH = 5;

interface Clues {
  readonly code?: unknown;
  readonly sqlState?: unknown;
  /** TypeORM's for `cause`. */
  readonly driverError?: unknown;
  readonly cause?: unknown;
}

/** Whether the database refused a statement by a constraint: whatever the error is wrapped in, as far as it has a cause. */
export function saysConstraintViolated(error: unknown): boolean {
  let inner = error;
  for (let depth = 0; depth < MAX_DEPTH && typeof inner === 'object' && inner !== null; depth++) {
    const { code, sqlState, driverError, cause } = inner as Clues;
    if ([code, sqlState].some((state) => typeof state === 'string' && INTEGRITY_CONSTRAINT_VIOLATION.test(state))) {
      return true;
    }
    inner = driverError ?? cause;
  }
  return false;
}
