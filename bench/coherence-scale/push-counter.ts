import { indexOfKey } from './key-space.js';

const MESSAGE_START_BYTES = '*3\r\n$7\r\nmessage\r\n'.length;
const PONG_BYTES = '*2\r\n$4\r\npong\r\n$0\r\n\r\n'.length;
const EMPTY = Buffer.alloc(0);
const DIGIT_ZERO = 0x30;
const [ARRAY, CARRIAGE_RETURN, TWO] = [0x2a, 0x0d, 0x32];

/** What a subscriber received. */
export interface Pushes {
  messages: number;
  keys: number;
  bytes: number;
}

/** Counts the messages that a subscriber receives, and the keys in them, by hopping from length to length. */
export class PushCounter {
  readonly pushes: Pushes = { messages: 0, keys: 0, bytes: 0 };
  readonly #onKey: ((index: number) => void) | undefined;
  readonly #onPong: () => void;
  #rest: Buffer = EMPTY;
  /** The number that was read last, and where it ends. */
  #length = 0;

  constructor(listeners: { readonly onKey?: ((index: number) => void) | undefined; readonly onPong: () => void }) {
    this.#onKey = listeners.onKey;
    this.#onPong = listeners.onPong;
  }

  feed(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    for (let end = this.#skip(data, 0); end !== -1; end = this.#skip(data, end)) offset = end;
    // The chunk is the socket's buffer, which is used again.
    this.#rest = offset === data.length ? EMPTY : Buffer.from(data.subarray(offset));
  }

  /** Where the message that starts at `start` ends; -1 while it is not complete. */
  #skip(data: Buffer, start: number): number {
    if (data[start + 1] === TWO) return this.#skipPong(data, start);
    const payload = this.#skipBulk(data, start + MESSAGE_START_BYTES);
    if (payload === -1 || payload >= data.length) return -1;

    const severalKeys = data[payload] === ARRAY;
    const firstKey = severalKeys ? this.#readLength(data, payload + 1) : payload;
    if (firstKey === -1) return -1;
    const keys = severalKeys ? this.#length : 1;
    let end = firstKey;
    for (let key = 0; key < keys && end !== -1; key++) end = this.#skipBulk(data, end);
    if (end === -1) return -1;

    this.pushes.messages += 1;
    this.pushes.keys += keys;
    this.pushes.bytes += end - start;
    if (this.#onKey !== undefined) this.#tellKeys(data, firstKey, keys);
    return end;
  }

  #skipPong(data: Buffer, start: number): number {
    if (start + PONG_BYTES > data.length) return -1;
    this.#onPong();
    return start + PONG_BYTES;
  }

  #tellKeys(data: Buffer, firstKey: number, keys: number): void {
    let end = firstKey;
    for (let key = 0; key < keys; key++) {
      end = this.#skipBulk(data, end);
      this.#onKey?.(indexOfKey(data, end - 2));
    }
  }

  #skipBulk(data: Buffer, start: number): number {
    const textStart = this.#readLength(data, start + 1);
    if (textStart === -1) return -1;
    const end = textStart + this.#length + 2;
    return end > data.length ? -1 : end;
  }

  /** Reads the digits at `start` into `#length` and returns where the line ends. */
  #readLength(data: Buffer, start: number): number {
    let length = 0;
    for (let offset = start; offset + 1 < data.length; offset++) {
      const byte = data[offset] ?? 0;
      if (byte === CARRIAGE_RETURN) {
        this.#length = length;
        return offset + 2;
      }
      length = length * 10 + byte - DIGIT_ZERO;
    }
    return -1;
  }
}
