/** A value that can be part of a key. `'1'`, `1` and `1n` are the same part, as they are to a database. */
export type KeyPart = string | number | bigint | boolean | Date | null;

/** What identifies an entity: one value, or a tuple of two and more. */
export type EntityId = string | number | bigint | readonly (string | number | bigint)[];

/** Stands for `null`; no text is encoded like this. */
const NULL = '\\0';

/** True for what can be part of a key. `undefined` cannot: it means that there is no value. */
export function isKeyPart(value: unknown): value is KeyPart {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

/** True for what can identify an entity. */
export function isEntityId(value: unknown): value is EntityId {
  return Array.isArray(value) ? value.length > 1 && value.every(isSimpleId) : isSimpleId(value);
}

/** True for an id of one part. */
export function isSimpleId(value: unknown): value is string | number | bigint {
  return ['string', 'number', 'bigint'].includes(typeof value);
}

/** The parts as one text, `Mia,7,girl`. Different parts always give different texts, for a given number of parts. */
export function joinKeyParts(parts: readonly KeyPart[]): string {
  return parts.map(encode).join(',');
}

/** The id as a text. */
export function idText(id: EntityId): string {
  return joinKeyParts(typeof id === 'object' ? id : [id]);
}

function encode(part: KeyPart): string {
  if (part === null) return NULL;
  const text = part instanceof Date ? part.toISOString() : String(part);
  return text.replace(/[\\,]/g, '\\$&');
}
