import { defaultTypes, type TypeRegistry } from '../values/type-registry.js';
import { Codec } from './codec.port.js';
import { MalformedBodyError } from './malformed-body.error.js';
import type { PortableFormat } from './portable-format.js';
import { fromPortable } from './portable-reader.js';
import { toPortable } from './portable-writer.js';

/** Begins the text of a value with tags; `JSON.stringify` never begins with it, and every JSON parser skips it. */
const TAGS_MARK = ' ';
const TAGS_MARK_CODE = TAGS_MARK.charCodeAt(0);

const JSON_FORMAT: PortableFormat = {
  canHold: () => true,
  canHoldName: () => true,
  packBytes: (bytes) => bytes.toString('base64'),
  unpackBytes: (packed) => {
    if (typeof packed !== 'string') throw new MalformedBodyError('a tag holds something else than base64');
    return Buffer.from(packed, 'base64');
  },
};

/**
 * Values as JSON, readable with `redis-cli`. Plain JSON is written and read by `JSON` alone; other values are tagged as
 * {@link PortableFormat} says, and the text then begins with a space.
 */
export class JsonCodec extends Codec {
  override readonly id = 1;
  override readonly name = 'json';

  /** @param types the classes whose instances may be written, and made again */
  constructor(private readonly types: TypeRegistry = defaultTypes) {
    super();
  }

  override encode(value: unknown): Buffer {
    const portable = toPortable(value, JSON_FORMAT, this.types);
    const json = JSON.stringify(portable);
    return Buffer.from(portable === value ? json : TAGS_MARK + json);
  }

  override decode(bytes: Buffer): unknown {
    const portable: unknown = JSON.parse(bytes.toString());
    return bytes[0] === TAGS_MARK_CODE ? fromPortable(portable, JSON_FORMAT, this.types) : portable;
  }
}
