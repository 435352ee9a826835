import type { FailureTerms } from '../authority/authority.port.js';
import type { Codec } from '../codec/codec.port.js';

/** What stands in the place of a lease after a load failed. No token begins like it. */
const MARK = '!';
const SHARED = '+';
const VERSION_CHARS = 16;
const MAX_ERROR_BYTES = 16_384;

/** The failure of a load, as it is recorded. */
export interface RecordedFailure {
  readonly error: unknown;
  readonly isShared: boolean;
  /** The version of the `clear` record before the load: a failure does not outlive a `clear()`. */
  readonly clearVersion: string;
}

/** The word that a load failed, for the loads of other processes. */
export function encodeFailure({ error, isShared }: FailureTerms, clearVersion: string, codec: Codec): Buffer {
  const head = MARK + (isShared ? SHARED : '-') + clearVersion;
  return Buffer.concat([Buffer.from(head, 'latin1'), encodeError(error, codec)]);
}

/** The failure that stands in the place of a lease; `undefined` for a lease. */
export function decodeFailure(record: Buffer, codec: Codec): RecordedFailure | undefined {
  const [mark, shared] = [...record.toString('latin1', 0, 2)];
  if (mark !== MARK) return undefined;
  const errorAt = 2 + VERSION_CHARS;
  const facts = { isShared: shared === SHARED, clearVersion: record.toString('latin1', 2, errorAt) };
  try {
    return { error: codec.decode(record.subarray(errorAt)), ...facts };
  } catch {
    return { error: new Error('A load in another process failed; its error cannot be read here.'), ...facts };
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
