import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EnvelopeDamage } from './envelope-damage.js';
import type { EntryFacts, Envelope, EnvelopeBody } from './envelope.js';
import { decodeEnvelope, encodeEnvelope, ENVELOPE_FIXED_BYTES, rewriteEnvelopeTimes } from './envelope.js';
import { xxHash32 } from './xxhash32.js';

const KEY = 'hero:1';
const FACTS: EntryFacts = {
  createdAtMs: 1_900_000_000_000.5,
  freshUntilMs: 1_900_000_060_000,
  goneAtMs: Infinity,
  writeId: '0123456789abcdef',
  clearVersion: 'fedcba9876543210',
  tags: [
    { tag: 'heroes', version: '00000000000000aa' },
    { tag: 'sprache:größe', version: '00000000000000ab' },
  ],
  sourceVersion: '00000000000000ff',
  etag: 'W/"7"',
  loadMs: 12,
};
const BODY: EnvelopeBody = { codecId: 1, compressionId: 2, body: Buffer.from('{"id":1,"name":"Mia"}') };

const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => bits.toString(16).padStart(16, '0'));
const time = fc.oneof(fc.double({ noNaN: true }), fc.constant(Infinity));
const facts: fc.Arbitrary<EntryFacts> = fc.record({
  createdAtMs: time,
  freshUntilMs: time,
  goneAtMs: time,
  writeId: version,
  clearVersion: version,
  tags: fc.array(fc.record({ tag: anyText, version }), { maxLength: 4 }),
  sourceVersion: version,
  etag: fc.option(
    anyText.filter((text) => text !== ''),
    { nil: undefined },
  ),
  loadMs: fc.nat(),
});
const bodyOf: fc.Arbitrary<EnvelopeBody> = fc.record({
  codecId: fc.integer({ min: 1, max: 255 }),
  compressionId: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

describe('an envelope', () => {
  it('brings back what was put into it', () => {
    expect(fieldsOf(decodeEnvelope(KEY, encodeEnvelope(KEY, FACTS, BODY)))).toEqual({ ...FACTS, ...BODY });
  });

  it('brings back any key, tags, times, versions and body', () => {
    fc.assert(
      fc.property(anyText, facts, bodyOf, (key, given, stored) => {
        expect(fieldsOf(decodeEnvelope(key, encodeEnvelope(key, given, stored)))).toEqual({ ...given, ...stored });
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives an entry without tags and with an empty body as such', () => {
    const empty = { ...BODY, body: Buffer.alloc(0) };
    const untagged = { ...FACTS, tags: [] };
    expect(fieldsOf(decodeEnvelope(KEY, encodeEnvelope(KEY, untagged, empty)))).toEqual({ ...untagged, ...empty });
  });

  it('leaves the body readable at its end', () => {
    expect(encodeEnvelope(KEY, FACTS, BODY).toString().endsWith('{"id":1,"name":"Mia"}')).toBe(true);
  });

  it('puts its fields where the format says', () => {
    const bytes = encodeEnvelope(KEY, { ...FACTS, tags: [], etag: undefined, loadMs: 0 }, BODY);
    expect(bytes.subarray(0, 4).toString()).toBe('STRA');
    expect(bytes.readUInt32LE(4)).toBe(checksumOf(bytes.subarray(8, ENVELOPE_FIXED_BYTES + KEY.length)));
    expect([...bytes.subarray(8, 12)]).toEqual([1, 0, 1, 2]);
    expect(bytes.readUInt32LE(12)).toBe(BODY.body.length);
    expect(bytes.readDoubleLE(16)).toBe(FACTS.createdAtMs);
    expect(bytes.readDoubleLE(24)).toBe(FACTS.freshUntilMs);
    expect(bytes.readDoubleLE(32)).toBe(FACTS.goneAtMs);
    expect(bytes.toString('hex', 40, 48)).toBe(FACTS.writeId);
    expect(bytes.toString('hex', 48, 56)).toBe(FACTS.clearVersion);
    expect(bytes.toString('hex', 56, 64)).toBe(FACTS.sourceVersion);
    expect(bytes.readUInt32LE(64)).toBe(checksumOf(BODY.body));
    expect(bytes.readUInt32LE(68)).toBe(KEY.length);
    expect(bytes.readUInt32LE(72)).toBe(0);
    expect(bytes.toString('utf8', ENVELOPE_FIXED_BYTES, ENVELOPE_FIXED_BYTES + KEY.length)).toBe(KEY);
  });

  it('says that it has an etag and a load time, and puts them before the tags', () => {
    const bytes = encodeEnvelope(KEY, { ...FACTS, tags: [] }, BODY);
    const at = ENVELOPE_FIXED_BYTES + KEY.length;
    expect(bytes[9]).toBe(2);
    expect(bytes.readUInt32LE(72)).toBe(12 + 5);
    expect(bytes.readBigUInt64BE(at)).toBe(12n);
    expect(bytes.toString('utf8', at + 12, at + 12 + 5)).toBe('W/"7"');
  });

  it.each([
    { etag: undefined, loadMs: 3 },
    { etag: 'e', loadMs: 0 },
    { etag: '\ud800', loadMs: 0 },
  ])('brings back each of the two alone: %p', (attributes) => {
    const given = { ...FACTS, ...attributes };
    expect(fieldsOf(decodeEnvelope(KEY, encodeEnvelope(KEY, given, BODY)))).toEqual({ ...given, ...BODY });
  });

  it('takes the load time up to the next whole millisecond', () => {
    expect(decodeEnvelope(KEY, encodeEnvelope(KEY, { ...FACTS, loadMs: 1.2 }, BODY))).toMatchObject({ loadMs: 2 });
  });

  it('has bytes of versions that compare like the versions, so that scripts can', () => {
    const at = (sourceVersion: string) => encodeEnvelope(KEY, { ...FACTS, sourceVersion }, BODY).subarray(56, 64);
    fc.assert(
      fc.property(version, version, (one, other) => {
        expect(Math.sign(Buffer.compare(at(one), at(other)))).toBe(one < other ? -1 : Number(one > other));
      }),
    );
  });

  it.each(['', 'abc', '0123456789abcdeg', '0123456789abcdef0'])('takes no version like %p', (bad) => {
    expect(() => encodeEnvelope(KEY, { ...FACTS, writeId: bad }, BODY)).toThrow(
      new RangeError(`A version has 16 hex digits, but "${bad}" was given.`),
    );
    expect(() => encodeEnvelope(KEY, { ...FACTS, tags: [{ tag: 'a', version: bad }] }, BODY)).toThrow(RangeError);
  });
});

describe('a damaged envelope', () => {
  const PLAIN: EntryFacts = { ...FACTS, etag: undefined, loadMs: 0 };
  const SAMPLES: [string, string, Buffer][] = [
    ['with tags', KEY, encodeEnvelope(KEY, PLAIN, BODY)],
    ['with an etag and tags', KEY, encodeEnvelope(KEY, FACTS, BODY)],
    ['without tags', KEY, encodeEnvelope(KEY, { ...PLAIN, tags: [] }, BODY)],
    ['with an empty body', KEY, encodeEnvelope(KEY, FACTS, { ...BODY, body: Buffer.alloc(0) })],
    ['with texts that need UTF-16', 'a\ud800', encodeEnvelope('a\ud800', FACTS, BODY)],
  ];

  describe.each(SAMPLES)('%s', (_, key, whole) => {
    it('is noticed wherever one bit flips', () => {
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const flipped = Buffer.from(whole);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(typeof decodeEnvelope(key, flipped)).toBe('string');
      }
    });

    it('is noticed wherever it is cut off', () => {
      for (let length = 0; length < whole.length; length++) {
        expect(typeof decodeEnvelope(key, whole.subarray(0, length))).toBe('string');
      }
    });

    it('is noticed when something follows it', () => {
      expect(decodeEnvelope(key, Buffer.concat([whole, Buffer.from([0])]))).toBe('truncated');
      expect(decodeEnvelope(key, Buffer.concat([whole, whole]))).toBe('truncated');
    });

    it('is noticed wherever two bytes are swapped, or a stretch is overwritten', () => {
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 60 }), (at, stretch) => {
          const damaged = Buffer.from(whole);
          damaged.set(stretch.subarray(0, whole.length - at), at);
          return damaged.equals(whole) || typeof decodeEnvelope(key, damaged) === 'string';
        }),
        { numRuns: 2_000 },
      );
    });
  });

  it('says what is wrong', () => {
    const whole = encodeEnvelope(KEY, FACTS, BODY);
    const damaged = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      return bytes;
    };
    expect(decodeEnvelope(KEY, Buffer.alloc(0))).toBe('foreign');
    expect(decodeEnvelope(KEY, Buffer.from('{"id":1}'))).toBe('foreign');
    expect(decodeEnvelope(KEY, whole.subarray(0, 8))).toBe('truncated');
    expect(decodeEnvelope(KEY, whole.subarray(0, 40))).toBe('truncated');
    expect(decodeEnvelope(KEY, whole.subarray(0, -1))).toBe('truncated');
    expect(decodeEnvelope(KEY, damaged(8, 2))).toBe('unknown-format');
    expect(decodeEnvelope(KEY, damaged(10, 9))).toBe('header-damaged');
    expect(decodeEnvelope(KEY, damaged(whole.length - 1, 0))).toBe('body-damaged');
  });

  it('is told from one that was stored under another key', () => {
    const whole = encodeEnvelope(KEY, FACTS, BODY);
    for (const other of ['hero:2', 'hero:', 'hero:11', '', 'xxxxxx', 'hérö:1', 'hero:1\ud800']) {
      expect(decodeEnvelope(other, whole)).toBe('other-key');
    }
    expect(decodeEnvelope('a\ud801', encodeEnvelope('a\ud800', FACTS, BODY))).toBe('other-key');
    expect(decodeEnvelope('größe', encodeEnvelope('grösse', FACTS, BODY))).toBe('other-key');
  });

  it('is noticed when it was forged: flags and tags that no release writes, under a right checksum', () => {
    const damageOf = (change: (bytes: Buffer) => void, given = PLAIN) => {
      const bytes = encodeEnvelope(KEY, given, BODY);
      change(bytes);
      bytes.writeUInt32LE(checksumOf(bytes.subarray(8, bytes.length - BODY.body.length)), 4);
      return decodeEnvelope(KEY, bytes);
    };
    const lengthOfFirstTagAt = ENVELOPE_FIXED_BYTES + KEY.length + 8;
    expect(damageOf((bytes) => (bytes[9] = 4))).toBe('unknown-format');
    expect(damageOf((bytes) => bytes.writeUInt32LE(0xffffffff, lengthOfFirstTagAt))).toBe('header-damaged');
    expect(damageOf((bytes) => bytes.writeUInt32LE(1, lengthOfFirstTagAt))).toBe('header-damaged');
    expect(damageOf((bytes) => (bytes[9] = 2), { ...PLAIN, tags: [] })).toBe('header-damaged');
  });
});

describe('rewriteEnvelopeTimes', () => {
  it('gives a head that makes the same envelope with other times', () => {
    const bytes = encodeEnvelope(KEY, FACTS, BODY);
    const head = rewriteEnvelopeTimes(bytes, { createdAtMs: 4, freshUntilMs: 5, goneAtMs: 1e15 }) as Buffer;
    expect(head).toHaveLength(ENVELOPE_FIXED_BYTES);
    expect(fieldsOf(decodeEnvelope(KEY, Buffer.concat([head, bytes.subarray(head.length)])))).toEqual({
      ...FACTS,
      ...BODY,
      createdAtMs: 4,
      freshUntilMs: 5,
      goneAtMs: 1e15,
    });
  });

  it('leaves the bytes that it was given', () => {
    const bytes = encodeEnvelope(KEY, FACTS, BODY);
    rewriteEnvelopeTimes(bytes, { createdAtMs: 4, freshUntilMs: 5, goneAtMs: 6 });
    expect(bytes.equals(encodeEnvelope(KEY, FACTS, BODY))).toBe(true);
  });

  it('does not make damage look whole', () => {
    const bytes = encodeEnvelope(KEY, FACTS, BODY);
    const badBody = Buffer.from(bytes);
    badBody[bytes.length - 1] = 0;
    const head = rewriteEnvelopeTimes(badBody, { createdAtMs: 4, freshUntilMs: 5, goneAtMs: 6 }) as Buffer;
    expect(decodeEnvelope(KEY, Buffer.concat([head, badBody.subarray(head.length)]))).toBe('body-damaged');
    const badHeader = Buffer.from(bytes);
    badHeader[20] = (badHeader[20] as number) ^ 1;
    expect(rewriteEnvelopeTimes(badHeader, { createdAtMs: 4, freshUntilMs: 5, goneAtMs: 6 })).toBe('header-damaged');
  });
});

function checksumOf(bytes: Buffer): number {
  return xxHash32(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

function fieldsOf(opened: Envelope | EnvelopeDamage): unknown {
  if (typeof opened === 'string') return opened;
  const { codecId, compressionId, body, createdAtMs, freshUntilMs, goneAtMs, writeId, clearVersion, tags } = opened;
  const { sourceVersion, etag, loadMs } = opened;
  return {
    ...{ codecId, compressionId, body, createdAtMs, freshUntilMs, goneAtMs, writeId, clearVersion, tags },
    ...{ sourceVersion, etag, loadMs },
  };
}
