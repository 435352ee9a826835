import { describe, expect, it } from '@jest/globals';
import type { CacheEntry } from '../entry/cache-entry.js';
import { EntryCodec } from './entry-codec.js';

const ENTRY: CacheEntry = {
  value: { id: 1, name: 'Mia' },
  createdAtMs: 1_900_000_000_000,
  freshUntilMs: 1_900_000_060_000,
  goneAtMs: Infinity,
  writeId: '0123456789abcdef',
  clearVersion: '0006543210abcdef',
  tags: [
    { tag: 'heroes', version: '00000000000000aa' },
    { tag: 'sprache:größe', version: '00000000000000ab' },
  ],
};

describe('EntryCodec', () => {
  it('brings an entry back as it was', () => {
    const codec = new EntryCodec();
    expect(codec.decode('hero:1', codec.encode('hero:1', ENTRY))).toEqual(ENTRY);
  });

  it.each([
    undefined,
    null,
    new Date(0),
    new Map([[1, new Set(['a'])]]),
    { $Date: 1, a: 2n },
    { $Date: 'x' },
    NaN,
    -0,
    Buffer.from('abc'),
  ])('brings back %p', (value) => {
    const codec = new EntryCodec();
    expect(codec.decode('k', codec.encode('k', { ...ENTRY, value }))).toStrictEqual({ ...ENTRY, value });
  });
});
