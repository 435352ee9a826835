import type { Socket } from 'node:net';
import type { NetworkFault, TrafficDirection } from './network-fault.js';
import { breakOff, ProxiedStream } from './proxied-stream.js';
import type { Passage } from './proxied-stream.js';
import { RequestSniffer } from './request-sniffer.js';

/** A connection through a `FaultProxy`, as far as its requests tell. */
export interface ProxyConnection {
  /** Counts from 0 in the order of acceptance; never used again. */
  readonly id: number;
  /** What `CLIENT SETNAME` or `HELLO … SETNAME` has last called it; `undefined` before that, and through TLS. */
  readonly name: string | undefined;
  /** Whether it has sent `SUBSCRIBE`, `PSUBSCRIBE` or `SSUBSCRIBE`: pushes come over it. */
  readonly isSubscriber: boolean;
}

/** A client's connection and the one to the server that stands for it. */
export class ProxiedConnection implements ProxyConnection {
  readonly id: number;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #faultOf: (connection: ProxyConnection) => NetworkFault;
  readonly #sniffer = new RequestSniffer();
  readonly #streams: readonly ProxiedStream[];
  /** The ways on which something was lost. */
  readonly #deadDirections = new Set<TrafficDirection>();

  /** `onClosed` is called once both sides are closed. */
  constructor(
    id: number,
    client: Socket,
    upstream: Socket,
    faultOf: (connection: ProxyConnection) => NetworkFault,
    onClosed: () => void,
  ) {
    this.id = id;
    this.#client = client;
    this.#upstream = upstream;
    this.#faultOf = faultOf;
    // First, so that a fault may meet the very request that tells whom it comes from.
    client.on('data', (bytes) => this.#sniffer.take(bytes));
    this.#streams = [
      new ProxiedStream(client, upstream, () => this.#passage('requests')),
      new ProxiedStream(upstream, client, () => this.#passage('replies')),
    ];
    for (const side of [client, upstream]) {
      side.unref();
      side.on('error', () => undefined); // 'close' follows and says that there was one
      side.once('close', () => {
        if (client.closed && upstream.closed) onClosed();
      });
    }
  }

  get name(): string | undefined {
    return this.#sniffer.name;
  }

  get isSubscriber(): boolean {
    return this.#sniffer.isSubscriber;
  }

  /** To be called when another fault may concern this connection. */
  faultMayHaveChanged(): void {
    for (const stream of this.#streams) stream.deliverDue();
  }

  /** Breaks both sides at once. */
  reset(): void {
    breakOff(this.#client);
    breakOff(this.#upstream);
  }

  #passage(direction: TrafficDirection): Passage {
    const fault = this.#faultOf(this);
    if (fault.kind === 'lose' && fault.directions.includes(direction)) {
      for (const lost of fault.directions) this.#deadDirections.add(lost);
    }
    if (this.#deadDirections.has(direction)) return 'lost';
    if (fault.kind === 'hold' && fault.direction === direction) return fault;
    return { delayMs: fault.kind === 'delay' && fault.direction === direction ? fault.delayMs : 0 };
  }
}
