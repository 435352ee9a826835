import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';

/** How long a server or a connection may take to be as it was, on a busy machine too. */
const RECOVERY_MS = 10_000;

/** Two Redis servers and the way to whichever is the primary. */
export class RecoveryServers implements AsyncDisposable {
  readonly #started: { stop(): Promise<void> }[] = [];

  /** @param persistent whether they keep what they acknowledged over a restart */
  static async start(options: { readonly persistent?: boolean } = {}): Promise<RecoveryServers> {
    const primary = await RedisServer.start({ ...options, config: { 'repl-diskless-sync-delay': 0 } });
    const replication = await FaultProxy.start(primary);
    const replica = await RedisServer.start();
    const target = { port: primary.port };
    const entrance = await FaultProxy.start(target);
    const servers = new RecoveryServers(primary, replica, replication, entrance, target);
    await (await servers.connectTo(replica)).send('REPLICAOF', ['127.0.0.1', replication.port]);
    // A primary that gets its first replica begins a new history.
    await servers.replicated();
    return servers;
  }

  private constructor(
    readonly primary: RedisServer,
    readonly replica: RedisServer,
    /** Between the primary and the replica. */
    readonly replication: FaultProxy,
    /** Where clients connect to. */
    readonly entrance: FaultProxy,
    private readonly target: { port: number },
  ) {
    this.#started.push(primary, replica, replication, entrance);
  }

  /** A connection by the entrance; with more than one process, each has its own. */
  async connect(user?: string): Promise<RedisPort> {
    const url = new URL(this.entrance.urlOf(this.primary.url));
    if (user !== undefined) [url.username, url.password] = [user, 'any'];
    return this.#open(url.href);
  }

  /** A connection straight to a server. */
  connectTo(server: RedisServer): Promise<RedisPort> {
    return this.#open(server.url);
  }

  /** Resolves once the replica has everything that the primary has acknowledged until now. */
  async replicated(): Promise<void> {
    const primary = await this.connectTo(this.primary);
    await eventually(async () => {
      await primary.send('SET', ['replicated', '1']);
      return (await primary.send('WAIT', [1, 100])) === 1;
    }, RECOVERY_MS);
  }

  /** From now on the replica gets nothing. */
  cutReplication(): void {
    this.replication.blackhole();
  }

  /** Makes the replica a primary by hand, and leads new connections to it; open ones break. */
  async failOver(): Promise<void> {
    const replica = await this.connectTo(this.replica);
    await replica.send('REPLICAOF', ['NO', 'ONE']);
    this.leadTo(this.replica);
  }

  leadTo(server: RedisServer): void {
    this.target.port = server.port;
    this.entrance.resetConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#started.reverse()) await started.stop();
  }

  async #open(url: string): Promise<RedisPort> {
    const redis = createRedis({ url, deadline: '1s' });
    this.#started.push({ stop: () => redis.close() });
    await redis.connect();
    return redis;
  }
}

/** Resolves once a connection that was broken is ready again. */
export async function readyAgain(redis: RedisPort): Promise<void> {
  const isAnswered = () =>
    redis.send('PING', []).then(
      () => true,
      () => false,
    );
  await eventually(isAnswered, RECOVERY_MS);
}
