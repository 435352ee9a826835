import type { FailureTerms } from '../authority/authority.port.js';
import type { Codec } from '../codec/codec.port.js';

/** What stands in the place of a lease after a load failed. No token begins like it. */
const MARK = '!';
const SHARED = '+';
const MAX_ERROR_BYTES = 16_384;

/** The word that a load failed, for the loads of other processes. */
export function encodeFailure({ error, isShared }: FailureTerms, codec: Codec): Buffer {
  return Buffer.concat([Buffer.from(MARK + (isShared ? SHARED : '-')), encodeError(error, codec)]);
}

/** The failure that stands in the place of a lease; `undefined` for a lease. */
export function decodeFailure(
  record: Buffer,
  codec: Codec,
): { readonly error: unknown; readonly isShared: boolean } | undefined {
  if (record[0] !== MARK.charCodeAt(0)) return undefined;
  const isShared = record[1] === SHARED.charCodeAt(0);
  try {
    return { error: codec.decode(record.subarray(2)), isShared };
  } catch {
    return { error: new Error('A load in another process failed; its error cannot be read here.'), isShared };
  }
}

/** An error that the codec does not know, or that says too much, goes by its message. */
function encodeError(error: unknown, codec: Codec): Buffer {
  try {
    const bytes = codec.encode(error);
    if (bytes.length <= MAX_ERROR_BYTES) return bytes;
  } catch {
    // What cannot be encoded is told as a plain error.
  }
  const message = error instanceof Error ? error.message : String(error);
  return codec.encode(new Error(message.slice(0, 1_000)));
}
