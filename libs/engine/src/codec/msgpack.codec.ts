import { hasLoneSurrogate } from '../keys/key-text.js';
import { defaultTypes, type TypeRegistry } from '../values/type-registry.js';
import { Codec } from './codec.port.js';
import { MalformedBodyError } from './malformed-body.error.js';
import { MissingPackageError } from './missing-package.error.js';
import type { PortableFormat } from './portable-format.js';
import { fromPortable } from './portable-reader.js';
import { toPortable } from './portable-writer.js';

/** What is used of the package msgpackr. */
interface Msgpackr {
  readonly Packr: new (options: { useRecords: boolean }) => MessagePacker;
}

interface MessagePacker {
  pack(value: unknown): Buffer;
  unpack(bytes: Buffer): unknown;
}

/** Begin a body; neither MessagePack nor UTF-8 has the first byte. The second says whether there are tags. */
const PLAIN_MARK = Buffer.from([0xc1, 0]);
const TAGS_MARK = Buffer.from([0xc1, 1]);

const MSGPACK_FORMAT: PortableFormat = {
  canHold: (text) => !hasLoneSurrogate(text),
  // msgpackr reads `__proto__` as another name, and takes `toJSON` for a method.
  canHoldName: (name) => name !== '__proto__' && name !== 'toJSON' && !hasLoneSurrogate(name),
  packBytes: (bytes) => bytes,
  unpackBytes: (packed) => {
    if (!(packed instanceof Uint8Array)) throw new MalformedBodyError('a tag holds something else than bytes');
    return Buffer.from(packed);
  },
};

/**
 * Values as MessagePack with msgpackr's records: smaller than JSON, and quicker to read where many objects have the same
 * properties. Keeps what {@link JsonCodec} keeps.
 */
export class MsgpackCodec extends Codec {
  override readonly id = 2;
  override readonly name = 'msgpack';

  private constructor(
    private readonly packer: MessagePacker,
    private readonly types: TypeRegistry,
  ) {
    super();
  }

  /**
   * Loads the package msgpackr, which the application installs, and makes the codec.
   *
   * @param types the classes whose instances may be written, and made again
   * @throws MissingPackageError when msgpackr is not installed
   */
  static async load(
    types: TypeRegistry = defaultTypes,
    importMsgpackr: () => Promise<Msgpackr> = () => import('msgpackr'),
  ): Promise<MsgpackCodec> {
    try {
      const { Packr } = await importMsgpackr();
      return new MsgpackCodec(new Packr({ useRecords: true }), types);
    } catch (error) {
      throw new MissingPackageError('msgpackr', "the codec 'msgpack'", error);
    }
  }

  override encode(value: unknown): Buffer {
    const portable = toPortable(value, MSGPACK_FORMAT, this.types);
    return Buffer.concat([portable === value ? PLAIN_MARK : TAGS_MARK, this.packer.pack(portable)]);
  }

  override decode(bytes: Buffer): unknown {
    const mark = bytes.subarray(0, PLAIN_MARK.length);
    const hasTags = mark.equals(TAGS_MARK);
    if (!hasTags && !mark.equals(PLAIN_MARK))
      throw new MalformedBodyError('it does not begin as MessagePack of ours does');
    const portable = this.packer.unpack(bytes.subarray(PLAIN_MARK.length));
    return hasTags ? fromPortable(portable, MSGPACK_FORMAT, this.types) : portable;
  }
}
