import type { QuotaResult } from './quota-result.js';

/**
 * A part of a quota that is taken until it is known how much is used: an upload, the tokens of a language model. Without
 * {@link commit} or {@link cancel} it is given back at the end of its time.
 */
export interface QuotaReservation {
  readonly id: string;
  readonly cost: number;
  /** How the user stands with the reservation taken. */
  readonly result: QuotaResult;

  /**
   * Counts what was used instead of what was reserved, by default as much, in the periods of the reservation. It is never
   * denied: more than was reserved may overdraw the quota. If the reservation had run out, it is counted now. Once
   * settled, a repeated call changes nothing.
   *
   * While Redis is away the result has `isDegraded`: nothing is recorded, and the reservation ends by itself; call again.
   *
   * @throws QuotaReservationError when it was cancelled before
   */
  commit(actual?: number): Promise<QuotaResult>;

  /** Gives all of it back; does nothing once it has run out or been cancelled, or been committed. */
  cancel(): Promise<QuotaResult>;
}
