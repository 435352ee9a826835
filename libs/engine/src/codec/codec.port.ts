/** Turns values into bytes and back. Codecs are pure: the same value always gives bytes that decode to an equal one. */
export abstract class Codec {
  /** A small number that the envelope records, so that entries written with another codec stay readable. 1–127: ours; 128–255: yours. */
  abstract readonly id: number;
  /** For errors and options. */
  abstract readonly name: string;

  /** @throws UnsupportedValueError when the value, or something in it, cannot be brought back as what it is */
  abstract encode(value: unknown): Buffer;

  /** @throws any error for bytes that `encode` cannot have made; the entry then is a miss */
  abstract decode(bytes: Buffer): unknown;
}
