import { unescapeText } from '../../keys/key-text.js';
import type { StoredWrite } from '../write-queue.port.js';

/** The entry's id, the ids that are done with it, failed attempts, the fields one after the other. */
export type WriteReply = readonly [
  id: Buffer,
  ids: readonly Buffer[],
  failedAttempts: number,
  fields: readonly Buffer[],
];

/** Reads a write as the scripts return it; what an entry lacks is empty. */
export function parseWrite([id, ids, failedAttempts, fields]: WriteReply): StoredWrite {
  const entryId = id.toString();
  const named = fieldsByName(fields);
  return {
    key: unescapeText(textOf(named.get('k'))),
    id: textOf(named.get('o')) || entryId,
    entryId,
    entryIds: ids.map(String),
    idempotencyKey: unescapeText(textOf(named.get('i'))),
    bytes: named.get('v') ?? Buffer.alloc(0),
    failedAttempts,
  };
}

/** The fields of a stream entry; of a name that comes twice, the first. */
export function fieldsByName(fields: readonly Buffer[]): Map<string, Buffer> {
  const named = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = textOf(fields[at]);
    if (!named.has(name)) named.set(name, fields[at + 1] as Buffer);
  }
  return named;
}

/** Empty for what is absent. */
export function textOf(bytes: Buffer | undefined): string {
  return bytes?.toString() ?? '';
}
