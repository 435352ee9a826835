import zlib from 'node:zlib';

/** What bodies over a threshold may be compressed with; `zstd` where Node has it (22.15 and later). */
export type CompressionAlgorithm = 'brotli' | 'gzip' | 'zstd';

/** A body as it is to be stored. */
export interface CompressedBody {
  /** What the envelope records: 0 is no compression. */
  readonly compressionId: number;
  readonly body: Buffer;
}

interface Algorithm {
  readonly id: number;
  readonly compress: (bytes: Buffer) => Buffer;
  readonly decompress: (bytes: Buffer, maxBytes: number) => Buffer;
}

/** The part of `node:zlib` that is not in every Node we run on. */
interface ZstdOfZlib {
  zstdCompressSync?: (bytes: Buffer) => Buffer;
  zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;
}

const UNCOMPRESSED_ID = 0;

/** Quick settings: the values of a cache are written about as often as they are read by another process. */
const ALGORITHMS: ReadonlyMap<CompressionAlgorithm, Algorithm> = new Map([
  [
    'gzip',
    {
      id: 1,
      compress: (bytes) => zlib.gzipSync(bytes, { level: 1 }),
      decompress: (bytes, maxBytes) => zlib.gunzipSync(bytes, { maxOutputLength: maxBytes }),
    },
  ],
  [
    'brotli',
    {
      id: 2,
      compress: (bytes) =>
        zlib.brotliCompressSync(bytes, {
          params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
        }),
      decompress: (bytes, maxBytes) => zlib.brotliDecompressSync(bytes, { maxOutputLength: maxBytes }),
    },
  ],
  ...zstd(zlib as ZstdOfZlib),
]);

/** The algorithms of this Node. */
export const compressionAlgorithms: readonly CompressionAlgorithm[] = [...ALGORITHMS.keys()];

/** Compresses a body of at least `thresholdBytes`, unless that makes it no smaller. */
export function compressBody(body: Buffer, algorithm: CompressionAlgorithm, thresholdBytes: number): CompressedBody {
  const chosen = ALGORITHMS.get(algorithm);
  if (chosen === undefined || body.length < thresholdBytes) return { compressionId: UNCOMPRESSED_ID, body };
  const compressed = chosen.compress(body);
  if (compressed.length >= body.length) return { compressionId: UNCOMPRESSED_ID, body };
  return { compressionId: chosen.id, body: compressed };
}

/**
 * The body as it was before it was compressed; `undefined` when it was with an algorithm that this Node does not have.
 *
 * @throws an error with the code `ERR_BUFFER_TOO_LARGE` when the result would take more than `maxBytes`
 */
export function decompressBody({ compressionId, body }: CompressedBody, maxBytes: number): Buffer | undefined {
  if (compressionId === UNCOMPRESSED_ID) return body;
  for (const algorithm of ALGORITHMS.values()) {
    if (algorithm.id === compressionId) return algorithm.decompress(body, maxBytes);
  }
  return undefined;
}

function zstd({ zstdCompressSync, zstdDecompressSync }: ZstdOfZlib): [CompressionAlgorithm, Algorithm][] {
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return [];
  const decompress = (bytes: Buffer, maxBytes: number): Buffer =>
    zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
  return [['zstd', { id: 3, compress: (bytes) => zstdCompressSync(bytes), decompress }]];
}
