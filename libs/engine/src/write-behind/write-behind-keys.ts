import { InvalidKeyError } from '../keys/invalid-key.error.js';
import type { KeySpace } from '../keys/key-space.js';
import { escapeText } from '../keys/key-text.js';

/**
 * The Redis keys of one write-behind queue, all in one cluster slot. None of them expires: under a memory policy that
 * evicts any key (`allkeys-…`) accepted writes can be lost.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:w:{<name>}` | the stream of accepted writes: `k` the key, `i` the idempotency key, `v` the value, `o` the id that it had before it was redriven |
 * | `…:index` | for each key that waits: `<first id> <newest id> <failed attempts>` |
 * | `…:accepted` | for each write in the stream: key, line feed, idempotency key → its id |
 * | `…:owner` | who drains, for 2 s |
 * | `…:dead` | the stream of dead letters: `id`, `attempts`, `error` and the fields of the write |
 */
export interface WriteBehindKeys {
  readonly stream: string;
  readonly index: string;
  readonly accepted: string;
  readonly owner: string;
  readonly dead: string;
}

/** @throws InvalidKeyError when `name` is empty or no string */
export function writeBehindKeys({ namespace }: KeySpace, name: string): WriteBehindKeys {
  if (typeof name !== 'string' || name === '') throw new InvalidKeyError('key', name);
  const stream = `strata:${namespace}:w:{${escapeText(name)}}`;
  return {
    stream,
    index: `${stream}:index`,
    accepted: `${stream}:accepted`,
    owner: `${stream}:owner`,
    dead: `${stream}:dead`,
  };
}
