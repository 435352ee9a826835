const REFERENCE_BYTES = 8;
const OBJECT_BYTES = 40;
const TEXT_BYTES = 24;

/**
 * From how many parts on it is remembered which objects were counted: most values are small trees, for which that would
 * cost more than the counting.
 */
const MAX_UNTRACKED_PARTS = 10_000;

/**
 * About how many bytes of memory a value takes: cheap to tell and not far below the truth, but not exact. Takes any
 * value; objects that a cache cannot carry count by their fields, and cycles end.
 */
export function sizeOfValue(value: unknown): number {
  const pending: unknown[] = [value];
  let counted: Set<unknown> | undefined;
  let parts = 0;
  let bytes = 0;
  while (pending.length > 0) {
    const part = pending.pop();
    if (typeof part === 'object' && part !== null) {
      if (++parts === MAX_UNTRACKED_PARTS) counted = new Set();
      if (counted?.has(part) === true) continue;
      counted?.add(part);
      bytes += OBJECT_BYTES + ownBytes(part, pending);
    } else {
      bytes += bytesOfPrimitive(part);
    }
  }
  return bytes;
}

function bytesOfPrimitive(value: unknown): number {
  if (typeof value === 'string') return TEXT_BYTES + 2 * value.length;
  if (typeof value === 'bigint') return TEXT_BYTES + value.toString(16).length / 2;
  return REFERENCE_BYTES;
}

/** The bytes of an object without what it refers to, which it adds to `pending`. */
function ownBytes(value: object, pending: unknown[]): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (Array.isArray(value)) {
    for (const item of value) pending.push(item);
    return REFERENCE_BYTES * value.length;
  }
  if (value instanceof Set || value instanceof Map) {
    for (const [key, item] of value.entries()) pending.push(key, item);
    return REFERENCE_BYTES * value.size;
  }
  if (value instanceof URL) return bytesOfPrimitive(value.href);
  if (value instanceof Error) pending.push(value.message, value.stack, value.cause);
  let names = 0;
  for (const name in value) {
    names++;
    pending.push((value as Record<string, unknown>)[name]);
  }
  return REFERENCE_BYTES * names;
}
