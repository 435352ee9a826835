/**
 * How values that JSON does not know are written in terms of those that it does.
 *
 * Each becomes an object with one property, whose name is a `$` and a tag: `{"$Date":"2030-01-01T00:00:00.000Z"}`. A
 * plain object that looks like one becomes `{"$object":[[name, value]]}`, so every such object is a tag.
 *
 * | tag | content |
 * |---|---|
 * | `undefined` | `true` |
 * | `number` | `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` |
 * | `bigint` | its digits |
 * | `string` | the code units of a text that the format cannot hold |
 * | `object`, `bare` | the entries of an object; of one without a prototype |
 * | `Date` | ISO 8601; `null` for an invalid date |
 * | `Map`, `Set` | the entries; the items |
 * | `Buffer`, `ArrayBuffer`, `Uint8Array`, … | the bytes, in the order of the machine |
 * | `RegExp` | the source and the flags |
 * | `URL` | the address |
 * | `Error` | the name of its class, its non-enumerable properties, its fields |
 * | `type` | the name of a registered class, what stands for the instance |
 */
export interface PortableFormat {
  /** Whether a text survives as it is. */
  canHold(text: string): boolean;
  /** Whether a property of a plain object may have this name. */
  canHoldName(name: string): boolean;
  /** Bytes in terms of the format. */
  packBytes(bytes: Buffer): unknown;
  /**
   * What {@link packBytes} was given; the result shares no memory with anything else.
   *
   * @throws MalformedBodyError for what `packBytes` cannot have given
   */
  unpackBytes(packed: unknown): Buffer;
}

const TAG_PREFIX = '$';
const TAG_PREFIX_CODE = TAG_PREFIX.charCodeAt(0);

/** Whether a property of this name, as the only one of its object, is a tag. */
export function isTagName(name: string): boolean {
  return name.charCodeAt(0) === TAG_PREFIX_CODE;
}

/** `content` under a tag. */
export function tagged(tag: string, content: unknown): object {
  return { [TAG_PREFIX + tag]: content };
}
