import type { Socket } from 'node:net';

/** How long a piece is on its way, or that it never arrives. */
export type Passage = { readonly delayMs: number } | 'lost';

interface Piece {
  /** `undefined`: the end of the stream. */
  readonly bytes: Buffer | undefined;
  readonly dueMs: number;
}

/** How much may be on its way before the sender is made to wait. */
const MAX_BYTES_UNDERWAY = 1_048_576;

/** One direction of a proxied connection: carries what comes from one socket to another, in order. */
export class ProxiedStream {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #passageNow: () => Passage;
  readonly #underway: Piece[] = [];
  #bytesUnderway = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, passageNow: () => Passage) {
    this.#from = from;
    this.#to = to;
    this.#passageNow = passageNow;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take(undefined));
    to.on('close', () => clearTimeout(this.#timer));
  }

  #take(bytes: Buffer | undefined): void {
    const passage = this.#passageNow();
    if (passage === 'lost') return;
    this.#underway.push({ bytes, dueMs: performance.now() + passage.delayMs });
    this.#bytesUnderway += bytes?.length ?? 0;
    if (this.#bytesUnderway > MAX_BYTES_UNDERWAY) this.#from.pause();
    if (this.#underway.length === 1) this.#deliverDue();
  }

  #deliverDue(): void {
    for (let piece = this.#underway[0]; piece !== undefined; piece = this.#underway[0]) {
      const leftMs = piece.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#deliverDue(), leftMs).unref();
        return;
      }
      this.#underway.shift();
      this.#deliver(piece.bytes);
    }
  }

  #deliver(bytes: Buffer | undefined): void {
    if (this.#to.destroyed) return;
    if (bytes === undefined) {
      this.#to.end();
      return;
    }
    this.#to.write(bytes, () => {
      this.#bytesUnderway -= bytes.length;
      if (this.#bytesUnderway <= MAX_BYTES_UNDERWAY) this.#from.resume();
    });
  }
}
