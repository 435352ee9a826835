import { createHash } from 'node:crypto';

const NEEDS_ESCAPE = /[%{}\p{Cc}]|\p{Surrogate}/gu;
const NEEDS_ESCAPE_IN_NAMESPACE = /[%{}:\p{Cc}]|\p{Surrogate}/gu;
const MAX_SUBJECT_BYTES = 256;
const READABLE_LENGTH = 64;
const DIGEST_HEX_LENGTH = 32;
/** No escape sequence begins like this. */
const DIGEST_MARK = '%~';

/**
 * The Redis keys of the limits of one namespace.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:r:{<subject>}` | a hash: all limits of a subject, a field for each policy |
 * | `strata:<namespace>:r:{<subject>}:<policy>` | the moments of a `sliding-log` (list), the leases of `concurrency` (sorted set) |
 *
 * Each has a time to live, and all of a subject live in one cluster slot. The encoding is injective, up to a SHA-256
 * collision of subjects that are longer than 256 bytes.
 */
export class LimitKeys {
  readonly #prefix: string;

  /** @throws RangeError when the namespace is empty */
  constructor(namespace: string) {
    if (namespace === '') throw new RangeError('The namespace of the limits is empty. Give the name of the app.');
    this.#prefix = `strata:${escape(namespace, NEEDS_ESCAPE_IN_NAMESPACE)}:r:`;
  }

  subject(subject: string): string {
    return `${this.#prefix}{${segmentOf(subject)}}`;
  }

  /** The key of a policy that has one of its own. */
  policy(subject: string, policy: string): string {
    return `${this.subject(subject)}:${policy}`;
  }
}

function segmentOf(subject: string): string {
  const segment = escape(subject, NEEDS_ESCAPE);
  if (segment.length * 3 <= MAX_SUBJECT_BYTES || Buffer.byteLength(segment) <= MAX_SUBJECT_BYTES) return segment;
  const digest = createHash('sha256').update(segment).digest('hex').slice(0, DIGEST_HEX_LENGTH);
  return escape(subject.slice(0, READABLE_LENGTH), NEEDS_ESCAPE) + DIGEST_MARK + digest;
}

function escape(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => {
    const code = character.charCodeAt(0);
    const hex = code.toString(16).toUpperCase();
    return code > 0xff ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
  });
}
