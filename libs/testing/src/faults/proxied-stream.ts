import type { Socket } from 'node:net';

/** What happens to a piece: it is carried, that much later; it waits, and somebody is told; or it never arrives. */
export type Passage = { readonly delayMs: number } | { readonly onHeld: (bytes: Buffer) => void } | 'lost';

/** Bytes, the orderly end of the stream, or the news that the connection broke. */
export type Content = Buffer | 'end' | 'break';

interface Piece {
  readonly content: Content;
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

  /** `passageNow` is asked when a piece comes, and again when it is due. */
  constructor(from: Socket, to: Socket, passageNow: () => Passage) {
    this.#from = from;
    this.#to = to;
    this.#passageNow = passageNow;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take('end'));
    from.on('close', (hadError) => hadError && this.#take('break'));
    to.on('close', () => clearTimeout(this.#timer));
  }

  /** Looks again at what waits; to be called when the passage may have changed. */
  deliverDue(): void {
    clearTimeout(this.#timer);
    for (let piece = this.#underway[0]; piece !== undefined; piece = this.#underway[0]) {
      const leftMs = piece.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.deliverDue(), leftMs).unref();
        return;
      }
      const passage = this.#passageNow();
      if (isHold(passage)) return;
      this.#underway.shift();
      if (passage === 'lost') this.#forget(piece.content);
      else this.#deliver(piece.content);
    }
  }

  #take(content: Content): void {
    const passage = this.#passageNow();
    if (passage === 'lost') return;
    this.#underway.push({ content, dueMs: performance.now() + (isHold(passage) ? 0 : passage.delayMs) });
    this.#bytesUnderway += lengthOf(content);
    if (isHold(passage) && typeof content !== 'string') passage.onHeld(content);
    if (this.#bytesUnderway > MAX_BYTES_UNDERWAY) this.#from.pause();
    if (this.#underway.length === 1) this.deliverDue();
  }

  #deliver(content: Content): void {
    if (this.#to.destroyed) return;
    if (content === 'end') this.#to.end();
    else if (content === 'break') breakOff(this.#to);
    else this.#to.write(content, () => this.#forget(content));
  }

  #forget(content: Content): void {
    this.#bytesUnderway -= lengthOf(content);
    if (this.#bytesUnderway <= MAX_BYTES_UNDERWAY) this.#from.resume();
  }
}

function isHold(passage: Passage): passage is Extract<Passage, { onHeld: unknown }> {
  return typeof passage === 'object' && 'onHeld' in passage;
}

function lengthOf(content: Content): number {
  return typeof content === 'string' ? 0 : content.length;
}

/**
 * By RST, unless the socket is just saying goodbye: Node 20 never closes one that is reset in that moment, and then loops
 * for ever when the process is to end.
 */
export function breakOff(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
