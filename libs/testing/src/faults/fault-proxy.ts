import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { NetworkFault } from './network-fault.js';
import { ProxiedConnection } from './proxied-connection.js';

/** Where a {@link FaultProxy} leads to. */
export interface FaultProxyTarget {
  readonly port: number;
  /** `127.0.0.1` by default. */
  readonly host?: string;
}

/**
 * A network that misbehaves on command: a TCP proxy on 127.0.0.1 before a real server.
 *
 * It begins as a good network. A fault holds for connections that are open and for new ones, until the next fault or
 * {@link heal}. What is on its way is bounded to 1 MiB for each direction of a connection; beyond it the sender waits.
 *
 * @example
 * await using redis = await RedisServer.start();
 * await using proxy = await FaultProxy.start(redis);
 * const client = new Redis(proxy.urlOf(redis.url));
 * proxy.blackhole();
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: FaultProxyTarget;
  readonly #connections = new Set<ProxiedConnection>();
  #fault: NetworkFault = { kind: 'none' };
  #acceptedCount = 0;

  /** On 127.0.0.1. */
  readonly port: number;

  /** Listens on a free port and leads to `target`, which need not run yet; a `RedisServer` is a target. */
  static async start(target: FaultProxyTarget): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new FaultProxy(server, target);
  }

  private constructor(server: Server, target: FaultProxyTarget) {
    this.#server = server.unref();
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client));
  }

  /** How many connections are open on either side. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** How many connections were accepted since the start. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  /** A server's URL with this proxy in the server's place. */
  urlOf(serverUrl: string): string {
    const url = new URL(serverUrl);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Carries everything again. Connections that lost something in a blackhole stay dead, and nobody tells their ends. */
  heal(): void {
    this.#fault = { kind: 'none' };
  }

  /**
   * Swallows everything, in both directions, and tells nobody: a cable pulled. Connections stay open, and new ones are
   * accepted, as the system of a hung server would.
   */
  blackhole(): void {
    this.#fault = { kind: 'blackhole' };
  }

  /**
   * Brings each reply of the server `delayMs` late. Requests arrive at once: a caller that gives up does not know that
   * its write was done.
   */
  delay(delayMs: number): void {
    this.#fault = { kind: 'delay', delayMs };
  }

  /** Breaks every open connection (RST, on both sides); new ones are welcome. */
  resetConnections(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Breaks every connection and accepts no more. Can be called twice. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.resetConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #accept(client: Socket): void {
    this.#acceptedCount++;
    const upstream = connect({ host: '127.0.0.1', ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(
      client,
      upstream,
      () => this.#fault,
      () => this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }
}
