import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import zlib from 'node:zlib';
import { compressBody, compressionAlgorithms, decompressBody, type CompressionAlgorithm } from './compression.js';

const COMPRESSIBLE = Buffer.from('The dragon sleeps. '.repeat(200));

describe('compressionAlgorithms', () => {
  it('has zstd where Node has it', () => {
    expect(compressionAlgorithms).toEqual('zstdCompressSync' in zlib ? ['gzip', 'brotli', 'zstd'] : ['gzip', 'brotli']);
  });
});

describe.each(compressionAlgorithms)('%s', (algorithm) => {
  it('makes a body smaller and brings it back', () => {
    const compressed = compressBody(COMPRESSIBLE, algorithm, 0);
    expect(compressed.body.length).toBeLessThan(COMPRESSIBLE.length / 10);
    expect(decompressBody(compressed, COMPRESSIBLE.length)).toEqual(COMPRESSIBLE);
  });

  it('leaves a body that would not get smaller', () => {
    const body = randomBytes(2_000);
    expect(compressBody(body, algorithm, 0)).toEqual({ compressionId: 0, body });
    expect(compressBody(Buffer.alloc(0), algorithm, 0).compressionId).toBe(0);
  });

  it('stops at the most that it may unpack', () => {
    const compressed = compressBody(COMPRESSIBLE, algorithm, 0);
    expect(() => decompressBody(compressed, COMPRESSIBLE.length - 1)).toThrow(
      expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }),
    );
  });
});

it('compresses from the threshold on', () => {
  expect(compressBody(COMPRESSIBLE, 'gzip', COMPRESSIBLE.length + 1).compressionId).toBe(0);
  expect(compressBody(COMPRESSIBLE, 'gzip', COMPRESSIBLE.length).compressionId).not.toBe(0);
});

it('writes what it can where an algorithm is missing', () => {
  expect(compressBody(COMPRESSIBLE, 'lz77' as CompressionAlgorithm, 0)).toEqual({
    compressionId: 0,
    body: COMPRESSIBLE,
  });
});
