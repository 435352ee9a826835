import type { Socket } from 'node:net';
import type { NetworkFault } from './network-fault.js';
import { ProxiedStream } from './proxied-stream.js';
import type { Passage } from './proxied-stream.js';

/** A client's connection and the one to the server that stands for it. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #faultNow: () => NetworkFault;
  /** Once it has lost something it never carries anything again, like a flow that a firewall has forgotten. */
  #isDead = false;

  /** `onClosed` is called once both sides are closed. */
  constructor(client: Socket, upstream: Socket, faultNow: () => NetworkFault, onClosed: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#faultNow = faultNow;
    new ProxiedStream(client, upstream, () => this.#passage(0));
    new ProxiedStream(upstream, client, () => this.#passage(this.#replyDelayMs()));
    for (const [side, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      side.unref();
      side.on('error', () => undefined); // 'close' follows and says that there was one
      side.once('close', (hadError) => {
        this.#tell(other, hadError);
        if (other.closed) onClosed();
      });
    }
  }

  /** Breaks both sides at once. */
  reset(): void {
    for (const side of [this.#client, this.#upstream]) if (!side.destroyed) breakOff(side);
  }

  /** A break travels to the other side, if it gets through; the end of a stream is carried like what came before it. */
  #tell(other: Socket, hadError: boolean): void {
    if (hadError && !other.destroyed && this.#passage(0) !== 'lost') breakOff(other);
  }

  #passage(delayMs: number): Passage {
    this.#isDead ||= this.#faultNow().kind === 'blackhole';
    return this.#isDead ? 'lost' : { delayMs };
  }

  #replyDelayMs(): number {
    const fault = this.#faultNow();
    return fault.kind === 'delay' ? fault.delayMs : 0;
  }
}

/**
 * By RST, unless the socket is just saying goodbye: Node 20 never closes one that is reset in that moment, and then loops
 * for ever when the process is to end.
 */
function breakOff(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
