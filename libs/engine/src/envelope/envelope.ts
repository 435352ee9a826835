import type { CacheEntry, TagVersion } from '../entry/cache-entry.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import { hasLoneSurrogate } from '../keys/key-text.js';
import type { EnvelopeDamage } from './envelope-damage.js';
import { xxHash32 } from './xxhash32.js';

/**
 * What is stored under a value key: a header of fixed fields, the tags, the key, and the body.
 *
 * Numbers are little-endian; times are Redis server milliseconds as IEEE 754 doubles, so that `Infinity` is one.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 4 | `STRA` |
 * | 4 | 4 | XXH32 of the header from offset 8 to its end |
 * | 8 | 1 | format version, 1 |
 * | 9 | 1 | flags: 1 = texts are UTF-16, as one of them has a lone surrogate; 2 = the first of the tags is none, but the etag, with the time that the load took, in ms, for its version |
 * | 10 | 1 | codec |
 * | 11 | 1 | compression |
 * | 12 | 4 | length of the body |
 * | 16 | 8 | created at |
 * | 24 | 8 | fresh until |
 * | 32 | 8 | gone at |
 * | 40 | 8 | write id |
 * | 48 | 8 | version of the clear record |
 * | 56 | 8 | version at the source, big-endian; zero: none |
 * | 64 | 4 | XXH32 of the body |
 * | 68 | 4 | length of the key |
 * | 72 | 4 | length of the tags |
 * | 76 | | the key |
 * | | | the tags: for each its version (8 bytes), its length (4) and its text |
 * | | | the body |
 *
 * The header's checksum covers the body's, so the header can be rewritten without reading the body.
 *
 * An envelope that is here was found whole; its fields are read from the bytes as they are asked for.
 */
export class Envelope implements EntryFacts, EnvelopeBody {
  constructor(
    private readonly bytes: Buffer,
    private readonly view: DataView,
    private readonly bodyAt: number,
    readonly tags: readonly TagVersion[],
    private readonly attributes: TagVersion | undefined,
  ) {}

  get codecId(): number {
    return this.view.getUint8(CODEC_AT);
  }

  get compressionId(): number {
    return this.view.getUint8(COMPRESSION_AT);
  }

  get createdAtMs(): number {
    return this.view.getFloat64(CREATED_AT, true);
  }

  get freshUntilMs(): number {
    return this.view.getFloat64(FRESH_UNTIL_AT, true);
  }

  get goneAtMs(): number {
    return this.view.getFloat64(GONE_AT, true);
  }

  get writeId(): string {
    return this.bytes.toString('hex', WRITE_ID_AT, CLEAR_VERSION_AT);
  }

  /** Nearly always the one that was read before, so its text is made once. */
  get clearVersion(): string {
    const high = this.view.getUint32(CLEAR_VERSION_AT);
    const low = this.view.getUint32(CLEAR_VERSION_AT + 4);
    if (high !== lastClear.high || low !== lastClear.low) {
      lastClear = { high, low, version: this.bytes.toString('hex', CLEAR_VERSION_AT, SOURCE_VERSION_AT) };
    }
    return lastClear.version;
  }

  get sourceVersion(): string {
    const isNone = this.view.getUint32(SOURCE_VERSION_AT) === 0 && this.view.getUint32(SOURCE_VERSION_AT + 4) === 0;
    return isNone ? NO_SOURCE_VERSION : this.bytes.toString('hex', SOURCE_VERSION_AT, BODY_CHECKSUM_AT);
  }

  get etag(): string | undefined {
    return this.attributes?.tag || undefined;
  }

  get loadMs(): number {
    return this.attributes === undefined ? 0 : parseInt(this.attributes.version, 16);
  }

  /** A view of the bytes that the envelope was read from. */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyAt);
  }
}

/** What is known of an entry without its value. */
export type EntryFacts = Omit<CacheEntry, 'value'>;

/** A value as bytes. */
export interface EnvelopeBody {
  /** The codec that wrote it; see `Codec.id`. */
  readonly codecId: number;
  /** What it was compressed with; 0: it was not. */
  readonly compressionId: number;
  readonly body: Buffer;
}

/** The times of an entry, all that a touch or an expiry changes. */
export type EnvelopeTimes = Pick<EntryFacts, 'createdAtMs' | 'freshUntilMs' | 'goneAtMs'>;

const MAGIC = 0x41525453;
const FORMAT_VERSION = 1;
const UTF16_FLAG = 1;
const ATTRIBUTES_FLAG = 2;
const ALL_FLAGS = UTF16_FLAG | ATTRIBUTES_FLAG;
/** What {@link Envelope.clearVersion} was last. */
let lastClear = { high: 0, low: 0, version: '0000000000000000' };

const NO_TAGS: readonly TagVersion[] = Object.freeze([]);
const VERSION_BYTES = 8;
const VERSION_DIGITS = 2 * VERSION_BYTES;
const LENGTH_BYTES = 4;

const HEADER_CHECKSUM_AT = 4;
const COVERED_AT = 8;
const FORMAT_AT = 8;
const FLAGS_AT = 9;
const CODEC_AT = 10;
const COMPRESSION_AT = 11;
const BODY_LENGTH_AT = 12;
const CREATED_AT = 16;
const FRESH_UNTIL_AT = 24;
const GONE_AT = 32;
const WRITE_ID_AT = 40;
const CLEAR_VERSION_AT = 48;
const SOURCE_VERSION_AT = 56;
const BODY_CHECKSUM_AT = 64;
const KEY_LENGTH_AT = 68;
const TAGS_LENGTH_AT = 72;

/** The length of the fields before the key, all of which have their place. */
export const ENVELOPE_FIXED_BYTES = 76;
const KEY_AT = ENVELOPE_FIXED_BYTES;

/**
 * The bytes to store under `key`.
 *
 * @throws RangeError when a version is not 16 hex digits
 */
export function encodeEnvelope(key: string, facts: EntryFacts, stored: EnvelopeBody): Buffer {
  const attributes = attributesOf(facts);
  const tags = attributes === undefined ? facts.tags : [attributes, ...facts.tags];
  const { body } = stored;
  const encoding = hasLoneSurrogate(key) || tags.some(({ tag }) => hasLoneSurrogate(tag)) ? 'utf16le' : 'utf8';
  const keyLength = Buffer.byteLength(key, encoding);
  let tagsLength = 0;
  for (const { tag } of tags) tagsLength += VERSION_BYTES + LENGTH_BYTES + Buffer.byteLength(tag, encoding);
  const bodyAt = KEY_AT + keyLength + tagsLength;

  const bytes = Buffer.allocUnsafe(bodyAt + body.length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes[FORMAT_AT] = FORMAT_VERSION;
  bytes[FLAGS_AT] = (encoding === 'utf16le' ? UTF16_FLAG : 0) | (attributes === undefined ? 0 : ATTRIBUTES_FLAG);
  bytes[CODEC_AT] = stored.codecId;
  bytes[COMPRESSION_AT] = stored.compressionId;
  bytes.writeUInt32LE(body.length, BODY_LENGTH_AT);
  bytes.writeDoubleLE(facts.createdAtMs, CREATED_AT);
  bytes.writeDoubleLE(facts.freshUntilMs, FRESH_UNTIL_AT);
  bytes.writeDoubleLE(facts.goneAtMs, GONE_AT);
  writeVersion(bytes, facts.writeId, WRITE_ID_AT);
  writeVersion(bytes, facts.clearVersion, CLEAR_VERSION_AT);
  writeVersion(bytes, facts.sourceVersion, SOURCE_VERSION_AT);
  bytes.writeUInt32LE(keyLength, KEY_LENGTH_AT);
  bytes.writeUInt32LE(tagsLength, TAGS_LENGTH_AT);
  let at = KEY_AT + bytes.write(key, KEY_AT, encoding);
  for (const { tag, version } of tags) {
    writeVersion(bytes, version, at);
    const length = bytes.write(tag, at + VERSION_BYTES + LENGTH_BYTES, encoding);
    bytes.writeUInt32LE(length, at + VERSION_BYTES);
    at += VERSION_BYTES + LENGTH_BYTES + length;
  }
  body.copy(bytes, bodyAt);
  bytes.writeUInt32LE(xxHash32(viewOf(bytes), bodyAt, bytes.length), BODY_CHECKSUM_AT);
  writeHeaderChecksum(bytes, bodyAt);
  return bytes;
}

/** The envelope that was stored under `key`, or why the bytes are none; damage never goes unnoticed. */
export function decodeEnvelope(key: string, bytes: Buffer): Envelope | EnvelopeDamage {
  const view = viewOf(bytes);
  const headerLength = checkHeader(view);
  if (typeof headerLength !== 'number') return headerLength;
  const flags = view.getUint8(FLAGS_AT);
  const encoding = (flags & UTF16_FLAG) === 0 ? 'utf8' : 'utf16le';
  const tagsAt = KEY_AT + view.getUint32(KEY_LENGTH_AT, true);
  if (!isKey(key, bytes, tagsAt, encoding)) return 'other-key';
  const tags = tagsAt === headerLength ? NO_TAGS : readTags(bytes, tagsAt, headerLength, encoding);
  const hasAttributes = (flags & ATTRIBUTES_FLAG) !== 0;
  if (tags === undefined || (hasAttributes && tags.length === 0)) return 'header-damaged';
  const attributes = hasAttributes ? (tags as TagVersion[]).shift() : undefined;
  const bodyChecksum = xxHash32(view, headerLength, view.byteLength);
  return bodyChecksum === view.getUint32(BODY_CHECKSUM_AT, true)
    ? new Envelope(bytes, view, headerLength, tags, attributes)
    : 'body-damaged';
}

/**
 * The first {@link ENVELOPE_FIXED_BYTES} bytes with other times, to be put in the place of those that are stored; or why
 * the bytes are no envelope. The body is neither read nor checked.
 */
export function rewriteEnvelopeTimes(
  bytes: Buffer,
  { createdAtMs, freshUntilMs, goneAtMs }: EnvelopeTimes,
): Buffer | EnvelopeDamage {
  const headerLength = checkHeader(viewOf(bytes));
  if (typeof headerLength !== 'number') return headerLength;
  const header = Buffer.from(bytes.subarray(0, headerLength));
  header.writeDoubleLE(createdAtMs, CREATED_AT);
  header.writeDoubleLE(freshUntilMs, FRESH_UNTIL_AT);
  header.writeDoubleLE(goneAtMs, GONE_AT);
  writeHeaderChecksum(header, headerLength);
  return header.subarray(0, ENVELOPE_FIXED_BYTES);
}

/** The length of the header when it is whole and the body is as long as it says. */
function checkHeader(view: DataView): number | EnvelopeDamage {
  const length = view.byteLength;
  if (length < 4 || view.getUint32(0, true) !== MAGIC) return 'foreign';
  if (length <= FORMAT_AT) return 'truncated';
  if (view.getUint8(FORMAT_AT) !== FORMAT_VERSION) return 'unknown-format';
  if (length < KEY_AT) return 'truncated';
  const headerLength = KEY_AT + view.getUint32(KEY_LENGTH_AT, true) + view.getUint32(TAGS_LENGTH_AT, true);
  if (length !== headerLength + view.getUint32(BODY_LENGTH_AT, true)) return 'truncated';
  const checksum = xxHash32(view, COVERED_AT, headerLength);
  if (checksum !== view.getUint32(HEADER_CHECKSUM_AT, true)) return 'header-damaged';
  return (view.getUint8(FLAGS_AT) & ~ALL_FLAGS) === 0 ? headerLength : 'unknown-format';
}

/** What few entries have; most pay nothing for it. */
function attributesOf({ etag, loadMs }: EntryFacts): TagVersion | undefined {
  if (etag === undefined && loadMs === 0) return undefined;
  return { tag: etag ?? '', version: Math.ceil(loadMs).toString(16).padStart(VERSION_DIGITS, '0') };
}

function writeHeaderChecksum(bytes: Buffer, headerLength: number): void {
  bytes.writeUInt32LE(xxHash32(viewOf(bytes), COVERED_AT, headerLength), HEADER_CHECKSUM_AT);
}

/** The same bytes to read numbers from: quicker than the methods of `Buffer`. */
function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Compares the key unit by unit while it is ASCII, which most keys are, and makes a text of the bytes only then. */
function isKey(key: string, bytes: Buffer, end: number, encoding: BufferEncoding): boolean {
  let at = 0;
  if (encoding === 'utf8' && key.length === end - KEY_AT) {
    while (at < key.length && key.charCodeAt(at) === bytes[KEY_AT + at]) at++;
    if (at === key.length) return true;
  }
  return bytes.toString(encoding, KEY_AT, end) === key;
}

/** The tags between two offsets; `undefined` when they do not end where they should. */
function readTags(bytes: Buffer, start: number, end: number, encoding: BufferEncoding): TagVersion[] | undefined {
  const tags: TagVersion[] = [];
  let at = start;
  while (at + VERSION_BYTES + LENGTH_BYTES <= end) {
    const textAt = at + VERSION_BYTES + LENGTH_BYTES;
    const textEnd = textAt + bytes.readUInt32LE(at + VERSION_BYTES);
    tags.push({
      tag: bytes.toString(encoding, textAt, textEnd),
      version: bytes.toString('hex', at, at + VERSION_BYTES),
    });
    at = textEnd;
  }
  return at === end ? tags : undefined;
}

function writeVersion(bytes: Buffer, version: string, at: number): void {
  const isWhole = version.length === VERSION_DIGITS && bytes.write(version, at, 'hex') === VERSION_BYTES;
  if (!isWhole) throw new RangeError(`A version has 16 hex digits, but ${JSON.stringify(version)} was given.`);
}
