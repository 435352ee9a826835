import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { NetworkFault } from './network-fault.js';
import { NetworkFaults } from './network-faults.js';
import { ProxiedConnection } from './proxied-connection.js';
import type { ProxyConnection } from './proxied-connection.js';

/** Where a {@link FaultProxy} leads to. */
export interface FaultProxyTarget {
  readonly port: number;
  /** `127.0.0.1` by default. */
  readonly host?: string;
}

type Choice = (connection: ProxyConnection) => boolean;

interface FaultInForce {
  readonly concerns: Choice;
  readonly fault: NetworkFault;
}

const NO_FAULT: NetworkFault = { kind: 'none' };
const ALL: Choice = () => true;

/**
 * A network that misbehaves on command: a TCP proxy on 127.0.0.1 before a real server.
 *
 * It begins as a good network. Faults concern all its connections, or with {@link where} some of them, those that are
 * open and new ones. What is on its way is bounded to 1 MiB for each direction of a connection; beyond it the sender
 * waits.
 *
 * @example
 * await using redis = await RedisServer.start();
 * await using proxy = await FaultProxy.start(redis);
 * const client = new Redis(proxy.urlOf(redis.url));
 * proxy.blackhole();
 */
export class FaultProxy extends NetworkFaults implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: FaultProxyTarget;
  readonly #connections = new Set<ProxiedConnection>();
  /** The latest one that concerns a connection decides. */
  #faults: FaultInForce[] = [];
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
    super();
    this.#server = server.unref();
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client));
  }

  /** Those that are open on either side, in the order of acceptance. */
  get connections(): readonly ProxyConnection[] {
    return [...this.#connections];
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

  /**
   * The connections for which `isChosen` returns true, now and later: it is asked again for every piece that comes, so a
   * connection belongs to it from the request on that tells its name. `where((c) => c.id === id)` is one connection.
   *
   * @example
   * proxy.where((connection) => connection.isSubscriber).blackhole();
   */
  where(isChosen: (connection: ProxyConnection) => boolean): NetworkFaults {
    return new ChosenConnections(
      (fault) => this.#enforce({ concerns: isChosen, fault }),
      () => this.#reset(isChosen),
    );
  }

  override resetConnections(): void {
    this.#reset(ALL);
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

  protected override apply(fault: NetworkFault): () => void {
    return this.#enforce({ concerns: ALL, fault });
  }

  #enforce(added: FaultInForce): () => void {
    this.#replaceFaults(added.concerns === ALL ? [added] : [...this.#faults, added]);
    return () => this.#replaceFaults(this.#faults.filter((fault) => fault !== added));
  }

  #replaceFaults(faults: FaultInForce[]): void {
    this.#faults = faults;
    for (const connection of this.#connections) connection.faultMayHaveChanged();
  }

  #faultOf(connection: ProxyConnection): NetworkFault {
    return this.#faults.findLast(({ concerns }) => concerns(connection))?.fault ?? NO_FAULT;
  }

  #reset(isChosen: Choice): void {
    for (const connection of this.#connections) if (isChosen(connection)) connection.reset();
  }

  #accept(client: Socket): void {
    const upstream = connect({ host: '127.0.0.1', ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(
      this.#acceptedCount++,
      client,
      upstream,
      (asked) => this.#faultOf(asked),
      () => this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }
}

class ChosenConnections extends NetworkFaults {
  readonly #enforce: (fault: NetworkFault) => () => void;
  readonly #reset: () => void;

  constructor(enforce: (fault: NetworkFault) => () => void, reset: () => void) {
    super();
    this.#enforce = enforce;
    this.#reset = reset;
  }

  override resetConnections(): void {
    this.#reset();
  }

  protected override apply(fault: NetworkFault): () => void {
    return this.#enforce(fault);
  }
}
