/** A parameter of an item: text becomes a String, a number an Integer, bytes a Byte Sequence; `undefined` is left out. */
type FieldParameters = Readonly<Record<string, string | number | Uint8Array | undefined>>;

/** A String of a list with its parameters, in order. */
export interface FieldItem {
  readonly value: string;
  readonly parameters: FieldParameters;
}

/** The largest Integer of RFC 9651 §3.3.1: 15 digits. */
const MAX_INTEGER = 999_999_999_999_999;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/**
 * A List of Strings with parameters, as RFC 9651 §4.1.1 serializes it: `"burst";q=100;w=60, "daily";q=1000`. An empty
 * list is the empty text: such a header is not sent.
 *
 * Numbers are cut to whole ones of at most 15 digits.
 *
 * @throws RangeError for a String with anything but printable ASCII, and for NaN
 */
export function serializeList(items: readonly FieldItem[]): string {
  return items.map(({ value, parameters }) => serializeString(value) + serializeParameters(parameters)).join(', ');
}

function serializeParameters(parameters: FieldParameters): string {
  let text = '';
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) text += `;${key}=${serializeBareItem(value)}`;
  }
  return text;
}

function serializeBareItem(value: string | number | Uint8Array): string {
  if (typeof value === 'string') return serializeString(value);
  if (typeof value === 'number') return serializeInteger(value);
  return `:${Buffer.from(value).toString('base64')}:`;
}

function serializeString(text: string): string {
  if (!PRINTABLE_ASCII.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} cannot be sent in a header. Give printable ASCII.`);
  }
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function serializeInteger(value: number): string {
  if (Number.isNaN(value)) throw new RangeError('NaN cannot be sent in a header. Give a number.');
  return String(Math.trunc(Math.min(MAX_INTEGER, Math.max(-MAX_INTEGER, value))) + 0);
}
