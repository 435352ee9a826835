import { describe, expect, it } from '@jest/globals';
import { Packr } from 'msgpackr';
import { JsonCodec } from './json.codec.js';
import { MalformedBodyError } from './malformed-body.error.js';
import { MissingPackageError } from './missing-package.error.js';
import { MsgpackCodec } from './msgpack.codec.js';

const HEROES = Array.from({ length: 100 }, (_, id) => ({
  id,
  name: `Hero ${String(id)}`,
  language: 'en',
  isActive: true,
}));

describe('MsgpackCodec', () => {
  it('takes fewer bytes than JSON', async () => {
    const codec = await MsgpackCodec.load();
    expect(codec.encode(HEROES).length).toBeLessThan(new JsonCodec().encode(HEROES).length / 2);
  });

  it('reads what another instance wrote, and writes the same bytes whatever it wrote before', async () => {
    const [one, other] = [await MsgpackCodec.load(), await MsgpackCodec.load()];
    const bytes = one.encode(HEROES);
    one.encode({ name: 1, other: { id: 2, language: 3 } });
    expect(other.decode(bytes)).toEqual(HEROES);
    expect(one.encode(HEROES)).toEqual(bytes);
    expect(one.decode(bytes)).toEqual(HEROES);
  });

  it('gives bytes that share no memory with the body', async () => {
    const codec = await MsgpackCodec.load();
    const body = codec.encode({ bytes: Buffer.from('abc') });
    const { bytes } = codec.decode(body) as { bytes: Buffer };
    body.fill(0);
    expect(bytes.toString()).toBe('abc');
  });

  it.each([
    [Buffer.from('1')],
    [Buffer.from('{}')],
    [Buffer.from(' {"$Date":null}')],
    [Buffer.alloc(0)],
    [Buffer.from([0xc1])],
    [Buffer.from([0xc1, 2, 5])],
  ])('throws for %p, which does not begin as its bodies do', async (body) => {
    const codec = await MsgpackCodec.load();
    expect(() => codec.decode(body)).toThrow(new MalformedBodyError('it does not begin as MessagePack of ours does'));
  });

  it('throws for a body that was cut off or holds what it never writes', async () => {
    const codec = await MsgpackCodec.load();
    const body = codec.encode([Buffer.from('abc'), 'x'.repeat(50)]);
    expect(() => codec.decode(body.subarray(0, -1))).toThrow();
    expect(() =>
      codec.decode(Buffer.concat([Buffer.from([0xc1, 1]), codec.encode({ $Buffer: 1, a: 1 }).subarray(2)])),
    ).not.toThrow();
    const tagOfNumber = Buffer.concat([Buffer.from([0xc1, 1]), new Packr().pack({ $Buffer: 7 })]);
    expect(() => codec.decode(tagOfNumber)).toThrow(new MalformedBodyError('a tag holds something else than bytes'));
  });

  it('says what to install where msgpackr is missing', async () => {
    const cause = Object.assign(new Error("Cannot find package 'msgpackr'"), { code: 'ERR_MODULE_NOT_FOUND' });
    const loading = MsgpackCodec.load(undefined, () => Promise.reject(cause));
    await expect(loading).rejects.toThrow(MissingPackageError);
    await expect(loading).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      packageName: 'msgpackr',
      message: "The package msgpackr could not be loaded, which the codec 'msgpack' needs. Run: npm install msgpackr",
      cause,
    });
  });
});
