import { createHash } from 'node:crypto';
import { InvalidKeyError } from './invalid-key.error.js';

/** Anything that {@link escapeText} may have to escape; surrogates are looked at more closely there. */
const MAY_NEED_ESCAPE = /[%{}\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
const NEEDS_ESCAPE = /[%{}\p{Cc}]|\p{Surrogate}/gu;
const NEEDS_ESCAPE_IN_NAMESPACE = /[%{}.:\p{Cc}]|\p{Surrogate}/gu;
const ESCAPE_SEQUENCE = /%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g;

/** Stands between the readable part and the digest of a shortened text; no escape sequence begins like this. */
const DIGEST_MARK = '%~';
const READABLE_LENGTH = 64;
const DIGEST_HEX_LENGTH = 32;

/** The default of `maxKeyBytes`. */
export const DEFAULT_MAX_KEY_BYTES = 1024;

/** True for a string that UTF-8 cannot carry: half of a surrogate pair would come back as U+FFFD. */
export function hasLoneSurrogate(text: string): boolean {
  return !(text as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * A user's key or tag as the last segment of a Redis key: `%`, `{`, `}`, control characters and lone surrogates become
 * `%25`, `%7B`, …, `%uD800`; colons stay. Different texts always give different segments.
 */
export function escapeText(text: string): string {
  return MAY_NEED_ESCAPE.test(text) ? text.replace(NEEDS_ESCAPE, escapeCharacter) : text;
}

/** The text that {@link escapeText} was given. */
export function unescapeText(segment: string): string {
  if (!segment.includes('%')) return segment;
  return segment.replace(ESCAPE_SEQUENCE, (_, wide: string | undefined, narrow: string | undefined) =>
    String.fromCharCode(parseInt(wide ?? narrow ?? '', 16)),
  );
}

/** One part of a namespace path, safe beside `.` and `:`. */
export function escapeNamespacePart(part: string): string {
  if (typeof part !== 'string' || part === '') throw new InvalidKeyError('namespace', part);
  return part.replace(NEEDS_ESCAPE_IN_NAMESPACE, escapeCharacter);
}

/**
 * A user's key or tag as the last segment of a Redis key, at most about `maxBytes` long: a longer one becomes its
 * beginning, a mark that no other segment contains, and 128 bits of its SHA-256.
 *
 * @throws InvalidKeyError when the text is empty or no string
 */
export function segmentOf(role: 'key' | 'tag', text: string, maxBytes: number): string {
  if (typeof text !== 'string' || text === '') throw new InvalidKeyError(role, text);
  const segment = escapeText(text);
  // No character takes more than three bytes per code unit, so most texts need not be counted.
  if (segment.length * 3 <= maxBytes || Buffer.byteLength(segment) <= maxBytes) return segment;
  const digest = createHash('sha256').update(segment).digest('hex').slice(0, DIGEST_HEX_LENGTH);
  return escapeText(text.slice(0, READABLE_LENGTH)) + DIGEST_MARK + digest;
}

/** True for a segment that {@link segmentOf} had to shorten, so that the text cannot be had back from it. */
export function isShortened(segment: string): boolean {
  return segment.includes(DIGEST_MARK);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16).toUpperCase();
  return code > 0xff ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
}
