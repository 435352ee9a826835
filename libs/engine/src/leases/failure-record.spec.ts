import { describe, expect, it } from '@jest/globals';
import { JsonCodec } from '../codec/json.codec.js';
import { decodeFailure, encodeFailure } from './failure-record.js';

const VERSION = '000654321000abcd';
const codec = new JsonCodec();
const recorded = (error: unknown, isShared = true) =>
  decodeFailure(encodeFailure({ error, forMs: 1, isShared }, VERSION, codec), codec);

describe('the record of a failure', () => {
  it.each([true, false])('says whether others get the error: %p', (isShared) => {
    expect(recorded(new Error('away'), isShared)?.isShared).toBe(isShared);
  });

  it('says before which clear the load began', () => {
    expect(recorded(new Error('away'))?.clearVersion).toBe(VERSION);
  });

  it('brings back the error as what it was, with its message', () => {
    const { error } = recorded(new RangeError('too far')) ?? {};
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toBe('too far');
  });

  it('brings back what was thrown and is no error', () => {
    expect(recorded('just a text')?.error).toBe('just a text');
  });

  it('brings back the message alone of what cannot be stored or is too long', () => {
    const strange = Object.assign(new Error('strange'), { call: () => 1 });
    expect(recorded(strange)?.error).toEqual(new Error('strange'));
    expect(recorded(Symbol('odd'))?.error).toEqual(new Error('Symbol(odd)'));
    const long = recorded(new RangeError('x'.repeat(20_000)))?.error as Error;
    expect([long.constructor.name, long.message.length]).toEqual(['Error', 1_000]);
  });

  it('is not taken for a lease, nor a lease for it', () => {
    expect(decodeFailure(Buffer.from('0123456789abcdef:1'), codec)).toBeUndefined();
    expect(decodeFailure(Buffer.alloc(0), codec)).toBeUndefined();
  });

  it('that cannot be read still tells of a failure', () => {
    const record = decodeFailure(Buffer.from(`!+${VERSION}not json`), codec);
    expect(record).toMatchObject({ isShared: true, clearVersion: VERSION });
    expect((record?.error as Error).message).toBe('A load in another process failed; its error cannot be read here.');
  });
});
