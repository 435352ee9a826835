import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { JsonCodec } from '../src/codec/json.codec.js';
import { MsgpackCodec } from '../src/codec/msgpack.codec.js';
import type { CacheEntry } from '../src/entry/cache-entry.js';
import { EntryCodec } from '../src/envelope/entry-codec.js';
import { TypeRegistry } from '../src/values/type-registry.js';

/**
 * Entries as format 1 wrote them. What is in `golden/format-1` must be read for ever: a change that needs another file
 * there is a change of the format, which gets a number and a folder of its own.
 */
const GOLDEN = new URL('./golden/format-1/', import.meta.url);

class Hero {
  constructor(
    readonly name: string,
    readonly bornAt: Date,
  ) {}
}
const types = new TypeRegistry().register(Hero);

const KEY = 'hero:größe:1';
const FACTS: Omit<CacheEntry, 'value'> = {
  createdAtMs: 1_900_000_000_000,
  freshUntilMs: 1_900_000_060_000.5,
  goneAtMs: Infinity,
  writeId: '0123456789abcdef',
  clearVersion: '000654321fedcba9',
  tags: [
    { tag: 'heroes', version: '00065432100000aa' },
    { tag: 'language:français', version: '00065432100000ab' },
  ],
  sourceVersion: '0000000000000000',
  etag: undefined,
  loadMs: 0,
};
const PLAIN = {
  id: 1,
  name: 'Mia',
  isActive: true,
  friends: [2, 3],
  motto: null,
  story: 'The dragon sleeps. '.repeat(30),
};
const EVERYTHING = {
  undefined: undefined,
  numbers: [NaN, Infinity, -Infinity, -0, 0.1],
  bigint: 2n ** 70n,
  date: new Date('2030-05-01T12:00:00.123Z'),
  map: new Map<unknown, unknown>([
    ['a', 1],
    [{ id: 1 }, new Set(['x'])],
  ]),
  buffer: Buffer.from('abc'),
  typed: [new Uint8Array([1, 255]), new Float32Array([0.5]), new BigInt64Array([-1n])],
  arrayBuffer: new Uint8Array([1, 2]).buffer,
  regexp: /a"\/b/gi,
  url: new URL('https://example.org/a?b=c'),
  error: withoutStack(new RangeError('no luck', { cause: 'bad' })),
  hero: new Hero('Mia', new Date(0)),
  looksLikeTag: { $Date: 'x' },
  bare: { __proto__: null, a: 1 },
  setter: JSON.parse('{"__proto__":1}') as unknown,
  halfPair: '\ud800',
};

const json = new JsonCodec(types);
const msgpack = await MsgpackCodec.load(types);
const uncompressed = {
  json: new EntryCodec({ codec: json, types }),
  msgpack: new EntryCodec({ codec: msgpack, types }),
};

const FILES: Record<string, { readonly key?: string; readonly value: unknown }> = {
  'json-plain.bin': { value: PLAIN },
  'json-everything.bin': { value: EVERYTHING },
  'json-gzip.bin': { value: PLAIN },
  'json-brotli.bin': { value: PLAIN },
  'json-utf16.bin': { key: 'half:\ud800', value: PLAIN },
  'msgpack-plain.bin': { value: PLAIN },
  'msgpack-everything.bin': { value: EVERYTHING },
  'msgpack-gzip.bin': { value: EVERYTHING },
  'msgpack-brotli.bin': { value: EVERYTHING },
};

describe('an entry of format 1', () => {
  it('is tested from every file that there is', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(Object.keys(FILES).sort());
  });

  it.each(Object.entries(FILES))('is read from %s', (file, { key = KEY, value }) => {
    const entry = uncompressed.msgpack.decode(key, readFileSync(new URL(file, GOLDEN)));
    expect(entry).toStrictEqual({ ...FACTS, value });
  });

  it.each(['json-plain.bin', 'json-everything.bin', 'json-utf16.bin'])('is written as in %s', (file) => {
    const { key = KEY, value } = FILES[file] ?? { value: undefined };
    expect(uncompressed.json.encode(key, { ...FACTS, value })).toEqual(readFileSync(new URL(file, GOLDEN)));
  });
});

/** Stacks tell where the test ran, and are tested elsewhere. */
function withoutStack<E extends Error>(error: E): E {
  Reflect.deleteProperty(error, 'stack');
  return error;
}
