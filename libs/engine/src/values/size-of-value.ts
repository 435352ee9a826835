const REFERENCE_BYTES = 8;
const OBJECT_BYTES = 40;
const STRING_BYTES = 24;

/**
 * About how many bytes of memory a value takes: cheap to tell and never far below the truth, not exact. The value must
 * be a tree, such as {@link copyValue} makes.
 */
export function sizeOfValue(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING_BYTES + 2 * value.length;
    case 'bigint':
      return STRING_BYTES + Math.ceil(value.toString(16).length / 2);
    case 'object':
      return value === null ? REFERENCE_BYTES : OBJECT_BYTES + sizeOfContents(value);
    default:
      return REFERENCE_BYTES;
  }
}

function sizeOfContents(value: object): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  let bytes = 0;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value as Iterable<unknown>) bytes += REFERENCE_BYTES + sizeOfValue(item);
    return bytes;
  }
  if (value instanceof Map) {
    for (const [key, item] of value as Map<unknown, unknown>) bytes += sizeOfValue(key) + sizeOfValue(item);
    return bytes;
  }
  if (value instanceof URL) return sizeOfValue(value.href);
  if (value instanceof Error) bytes += sizeOfValue(value.message) + sizeOfValue(value.stack);
  for (const name in value) bytes += REFERENCE_BYTES + sizeOfValue((value as Record<string, unknown>)[name]);
  return bytes;
}
