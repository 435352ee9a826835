/** What the number after the dash may reach, so that it fits beside the milliseconds in 63 bits. */
const SEQUENCE_BITS = 20n;

/** The first number after the dash that no id may have; the scripts go on to the next millisecond instead. */
export const MAX_SEQUENCE = 2 ** Number(SEQUENCE_BITS);

/**
 * The id of a write, `<milliseconds>-<number>` as Redis issues it, as one number that grows with it and fits a signed
 * 64-bit column: milliseconds × 2^20 + number.
 */
export function versionOf(id: string): bigint {
  const [ms = '0', sequence = '0'] = id.split('-');
  return (BigInt(ms) << SEQUENCE_BITS) + BigInt(sequence);
}
