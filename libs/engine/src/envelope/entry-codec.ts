import { compressBody, decompressBody, type CompressionAlgorithm } from '../codec/compression.js';
import type { Codec } from '../codec/codec.port.js';
import { JsonCodec } from '../codec/json.codec.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { defaultTypes, type TypeRegistry } from '../values/type-registry.js';
import type { EnvelopeDamage } from './envelope-damage.js';
import { decodeEnvelope, encodeEnvelope } from './envelope.js';
import { ValueTooLargeError } from './value-too-large.error.js';

/** How entries become bytes. */
export interface EntryCodecOptions {
  /** What new entries are written with; JSON by default. Entries written as JSON stay readable whatever this is. */
  readonly codec?: Codec;
  /** The most that a value may take, before compression. Default 1 MiB. */
  readonly maxValueBytes?: number;
  /** Compresses bodies of at least `thresholdBytes` where that makes them smaller. Default: no compression. */
  readonly compression?: { readonly algorithm: CompressionAlgorithm; readonly thresholdBytes: number };
  /** The classes of the JSON codec. */
  readonly types?: TypeRegistry;
}

const DEFAULT_MAX_VALUE_BYTES = 1024 * 1024;

/**
 * Turns entries into the bytes that Redis keeps, and back. The times in the bytes are Redis server milliseconds: those of
 * the entry and `offsetMs` together.
 */
export class EntryCodec {
  readonly #codec: Codec;
  readonly #readers: ReadonlyMap<number, Codec>;
  readonly #maxValueBytes: number;
  readonly #compression: EntryCodecOptions['compression'];

  constructor({ codec, maxValueBytes, compression, types }: EntryCodecOptions = {}) {
    const json = new JsonCodec(types ?? defaultTypes);
    this.#codec = codec ?? json;
    this.#readers = new Map([json, this.#codec].map((reader) => [reader.id, reader]));
    this.#maxValueBytes = maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES;
    this.#compression = compression;
  }

  /**
   * The bytes to store under `key`.
   *
   * @throws UnsupportedValueError when the value cannot be brought back as what it is
   * @throws ValueTooLargeError when the encoded value is larger than `maxValueBytes`
   */
  encode(key: string, entry: CacheEntry, offsetMs = 0): Buffer {
    const plain = this.#codec.encode(entry.value);
    if (plain.length > this.#maxValueBytes) throw new ValueTooLargeError(key, plain.length, this.#maxValueBytes);
    const { compressionId, body } = this.#compression
      ? compressBody(plain, this.#compression.algorithm, this.#compression.thresholdBytes)
      : { compressionId: 0, body: plain };
    const facts = {
      createdAtMs: entry.createdAtMs + offsetMs,
      freshUntilMs: entry.freshUntilMs + offsetMs,
      goneAtMs: entry.goneAtMs + offsetMs,
      writeId: entry.writeId,
      clearVersion: entry.clearVersion,
      tags: entry.tags,
      sourceVersion: entry.sourceVersion,
      etag: entry.etag,
      loadMs: entry.loadMs,
    };
    return encodeEnvelope(key, facts, { codecId: this.#codec.id, compressionId, body });
  }

  /** The entry that was stored under `key`, or why the bytes are none that may be served; never throws. */
  decode(key: string, bytes: Buffer, offsetMs = 0): CacheEntry | EnvelopeDamage {
    const envelope = decodeEnvelope(key, bytes);
    if (typeof envelope === 'string') return envelope;
    const codec = this.#readers.get(envelope.codecId);
    if (codec === undefined) return 'unknown-codec';
    let value: unknown;
    try {
      const body = decompressBody(envelope, this.#maxValueBytes);
      if (body === undefined) return 'unknown-compression';
      value = codec.decode(body);
    } catch (error) {
      return isTooLarge(error) ? 'body-too-large' : 'undecodable-body';
    }
    return {
      value,
      createdAtMs: envelope.createdAtMs - offsetMs,
      freshUntilMs: envelope.freshUntilMs - offsetMs,
      goneAtMs: envelope.goneAtMs - offsetMs,
      writeId: envelope.writeId,
      clearVersion: envelope.clearVersion,
      tags: envelope.tags,
      sourceVersion: envelope.sourceVersion,
      etag: envelope.etag,
      loadMs: envelope.loadMs,
    };
  }
}

/** True for what zlib throws when it would exceed `maxOutputLength`. */
function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ERR_BUFFER_TOO_LARGE';
}
