import { InvalidOptionError } from '../options/invalid-option.error.js';

/** The version of a value at its source: a whole number from 0 to 2^64 − 2, or a moment. */
export type SourceVersion = number | bigint | Date;

const MAX_VERSION = 2n ** 64n - 2n;

/** The version of an entry that has none; lower than any other. */
export const NO_SOURCE_VERSION = '0000000000000000';

/**
 * A version as 16 hex digits, so that the order of the texts is that of the versions. They are those of the next number:
 * many sources begin with 0, and that is a version, too.
 *
 * @throws InvalidOptionError for a fraction, a negative or an unsafe number, an invalid date
 */
export function encodeSourceVersion(version: SourceVersion): string {
  const number = version instanceof Date ? version.getTime() : version;
  const isWhole = typeof number === 'bigint' || (typeof number === 'number' && Number.isSafeInteger(number));
  const whole = isWhole ? BigInt(number) : -1n;
  if (whole < 0n || whole > MAX_VERSION) {
    throw new InvalidOptionError(
      'version',
      `${String(version)} given; write a whole number of 0 or more, a bigint up to 2^64 - 2, or a valid Date`,
    );
  }
  return (whole + 1n).toString(16).padStart(16, '0');
}
