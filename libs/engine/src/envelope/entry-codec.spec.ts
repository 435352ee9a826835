import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Codec } from '../codec/codec.port.js';
import { compressionAlgorithms } from '../codec/compression.js';
import { JsonCodec } from '../codec/json.codec.js';
import { MsgpackCodec } from '../codec/msgpack.codec.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { TypeRegistry } from '../values/type-registry.js';
import { UnsupportedValueError } from '../values/unsupported-value.error.js';
import { EntryCodec } from './entry-codec.js';
import { decodeEnvelope, encodeEnvelope } from './envelope.js';
import { ValueTooLargeError } from './value-too-large.error.js';

const KEY = 'hero:1';
const ENTRY: CacheEntry = {
  value: { id: 1, name: 'Mia', bornAt: new Date(0) },
  createdAtMs: 1_900_000_000_000,
  freshUntilMs: 1_900_000_060_000,
  goneAtMs: Infinity,
  writeId: '0123456789abcdef',
  clearVersion: '0006543210abcdef',
  sourceVersion: '0000000000000007',
  etag: undefined,
  loadMs: 0,
  tags: [{ tag: 'heroes', version: '00000000000000aa' }],
};
const TEXT = 'The dragon sleeps. '.repeat(200);

class Hero {
  constructor(readonly name: string) {}
}

describe('EntryCodec', () => {
  it('brings an entry back as it was', () => {
    const codec = new EntryCodec();
    expect(codec.decode(KEY, codec.encode(KEY, ENTRY))).toStrictEqual(ENTRY);
  });

  it('writes the times of the server, and brings back those of the process', () => {
    const codec = new EntryCodec();
    const bytes = codec.encode(KEY, ENTRY, 1_000);
    expect(codec.decode(KEY, bytes)).toMatchObject({ createdAtMs: 1_900_000_001_000, goneAtMs: Infinity });
    expect(codec.decode(KEY, bytes, 1_000)).toStrictEqual(ENTRY);
  });

  it('writes JSON that redis-cli shows', () => {
    const bytes = new EntryCodec().encode(KEY, { ...ENTRY, value: { id: 1, name: 'Mia' } });
    expect(bytes.toString('latin1')).toContain('{"id":1,"name":"Mia"}');
  });

  it('reads what was written as JSON after another codec was chosen', async () => {
    const before = new EntryCodec().encode(KEY, ENTRY);
    const codec = new EntryCodec({ codec: await MsgpackCodec.load() });
    expect(codec.decode(KEY, before)).toStrictEqual(ENTRY);
    expect(codec.decode(KEY, codec.encode(KEY, ENTRY))).toStrictEqual(ENTRY);
  });

  it('takes what was written with a codec that it does not have for a miss', async () => {
    const bytes = new EntryCodec({ codec: await MsgpackCodec.load() }).encode(KEY, ENTRY);
    expect(new EntryCodec().decode(KEY, bytes)).toBe('unknown-codec');
  });

  it('takes the classes of the registry that it was given', () => {
    const types = new TypeRegistry().register(Hero);
    const entry = { ...ENTRY, value: new Hero('Mia') };
    const codec = new EntryCodec({ types });
    const bytes = codec.encode(KEY, entry);
    expect(codec.decode(KEY, bytes)).toStrictEqual(entry);
    expect(new EntryCodec().decode(KEY, bytes)).toBe('undecodable-body');
    expect(() => new EntryCodec().encode(KEY, entry)).toThrow(UnsupportedValueError);
  });

  it('uses a codec of the user', () => {
    class UpperCaseCodec extends Codec {
      override readonly id = 200;
      override readonly name = 'upper-case';
      override encode(value: unknown): Buffer {
        return Buffer.from(String(value).toUpperCase());
      }
      override decode(bytes: Buffer): unknown {
        return bytes.toString();
      }
    }
    const codec = new EntryCodec({ codec: new UpperCaseCodec() });
    expect(codec.decode(KEY, codec.encode(KEY, { ...ENTRY, value: 'mia' }))).toStrictEqual({ ...ENTRY, value: 'MIA' });
  });

  it('takes a body that its codec cannot have written for a miss', async () => {
    const msgpack = await MsgpackCodec.load();
    const codec = new EntryCodec({ codec: msgpack });
    const json = new JsonCodec();
    for (const value of [1, 'x', null, [1], { a: 1 }, new Date(0)]) {
      const jsonAsMsgpack = encodeEnvelope(KEY, ENTRY, {
        codecId: msgpack.id,
        compressionId: 0,
        body: json.encode(value),
      });
      const msgpackAsJson = encodeEnvelope(KEY, ENTRY, {
        codecId: json.id,
        compressionId: 0,
        body: msgpack.encode(value),
      });
      expect(codec.decode(KEY, jsonAsMsgpack)).toBe('undecodable-body');
      expect(codec.decode(KEY, msgpackAsJson)).toBe('undecodable-body');
    }
  });

  it('never throws and never makes up an entry, whatever the bytes', () => {
    const codec = new EntryCodec();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => typeof codec.decode(KEY, Buffer.from(bytes)) === 'string',
      ),
    );
  });

  describe('with a limit', () => {
    it('refuses a larger value, saying how large it is and what to do', () => {
      const act = (): Buffer => new EntryCodec({ maxValueBytes: 100 }).encode(KEY, { ...ENTRY, value: 'x'.repeat(99) });
      expect(act).toThrow(ValueTooLargeError);
      expect(act).toThrow(
        'The value takes 101 bytes, but one key may hold 100. Cache less of it, split it over several keys, or raise maxValueBytes.',
      );
    });

    it('takes a value that just fits', () => {
      const codec = new EntryCodec({ maxValueBytes: 100 });
      const entry = { ...ENTRY, value: 'x'.repeat(98) };
      expect(codec.decode(KEY, codec.encode(KEY, entry))).toStrictEqual(entry);
    });

    it('is 1 MiB unless told otherwise', () => {
      const codec = new EntryCodec();
      expect(() => codec.encode(KEY, { ...ENTRY, value: 'x'.repeat(2 ** 20 - 2) })).not.toThrow();
      expect(() => codec.encode(KEY, { ...ENTRY, value: 'x'.repeat(2 ** 20 - 1) })).toThrow(ValueTooLargeError);
    });

    it('counts what a value takes before it is compressed', () => {
      const codec = new EntryCodec({ maxValueBytes: 1_000, compression: { algorithm: 'gzip', thresholdBytes: 0 } });
      expect(() => codec.encode(KEY, { ...ENTRY, value: TEXT })).toThrow(ValueTooLargeError);
    });
  });

  describe.each(compressionAlgorithms)('with %s', (algorithm) => {
    const codec = new EntryCodec({ compression: { algorithm, thresholdBytes: 1_000 } });
    const compressionIdOf = (bytes: Buffer): number =>
      (decodeEnvelope(KEY, bytes) as { compressionId: number }).compressionId;

    it('stores a long value in fewer bytes and brings it back', () => {
      const entry = { ...ENTRY, value: TEXT };
      const bytes = codec.encode(KEY, entry);
      expect(bytes.length).toBeLessThan(TEXT.length / 10);
      expect(codec.decode(KEY, bytes)).toStrictEqual(entry);
    });

    it('is read by a codec that compresses nothing', () => {
      const entry = { ...ENTRY, value: TEXT };
      expect(new EntryCodec().decode(KEY, codec.encode(KEY, entry))).toStrictEqual(entry);
    });

    it('leaves a value below the threshold as it is', () => {
      expect(compressionIdOf(codec.encode(KEY, { ...ENTRY, value: 'x'.repeat(997) }))).toBe(0);
      expect(compressionIdOf(codec.encode(KEY, { ...ENTRY, value: 'x'.repeat(998) }))).not.toBe(0);
    });

    it('takes a damaged stream under a right checksum for a miss', () => {
      const { compressionId, body } = decodeEnvelope(KEY, codec.encode(KEY, { ...ENTRY, value: TEXT })) as {
        compressionId: number;
        body: Buffer;
      };
      const cut = encodeEnvelope(KEY, ENTRY, { codecId: 1, compressionId, body: body.subarray(0, -4) });
      expect(codec.decode(KEY, cut)).toBe('undecodable-body');
    });
  });

  it.each([
    ['gzip', 1, gzipSync(Buffer.alloc(50_000_000))],
    ['brotli', 2, brotliCompressSync(Buffer.alloc(50_000_000))],
  ])('does not unpack a bomb of %s', (_, compressionId, body) => {
    expect(new EntryCodec().decode(KEY, encodeEnvelope(KEY, ENTRY, { codecId: 1, compressionId, body }))).toBe(
      'body-too-large',
    );
  });

  it('takes a value whose class fails to bring it back for a miss, whatever it throws', () => {
    const types = new TypeRegistry().register(Hero, {
      serialize: ({ name }) => name,
      deserialize: (): Hero => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw undefined;
      },
    });
    const codec = new EntryCodec({ types });
    expect(codec.decode(KEY, codec.encode(KEY, { ...ENTRY, value: new Hero('Mia') }))).toBe('undecodable-body');
  });

  it('takes a compression that it does not have for a miss', () => {
    const bytes = encodeEnvelope(KEY, ENTRY, { codecId: 1, compressionId: 99, body: Buffer.from('1') });
    expect(new EntryCodec().decode(KEY, bytes)).toBe('unknown-compression');
  });
});
