import { SystemClock } from '@nest-strata/core';
import type { Clock } from '@nest-strata/core';
import { createRedis } from '@nest-strata/redis';
import type { RedisOptions, RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, RedisServer } from '@nest-strata/testing';
import { LockService } from '../src/locks/lock.service.js';
import type { LockServiceOptions } from '../src/locks/options/lock-options.js';

/** What plays a process: a service with connections of its own. */
export interface LockProcess {
  readonly locks: LockService;
  /** Where a test acts between the steps of its calls, and loses what is published. */
  readonly redis: ChaosRedisPort;
}

/** How a process differs from the others. */
export interface LockProcessOptions {
  readonly locks?: Partial<LockServiceOptions>;
  readonly redis?: Partial<RedisOptions>;
  readonly clock?: Clock;
  /** Through which port of 127.0.0.1; the server's own by default. */
  readonly url?: string;
}

let namespaces = 0;

/** Several processes on one Redis, as far as locks can tell, all in one namespace that nobody else uses. */
export class LockProcesses implements AsyncDisposable {
  readonly namespace = `locks-${String(namespaces++)}`;
  /** A process beside them, which only ever asks. */
  readonly locks: LockService;
  readonly #started: { close(): Promise<void> }[] = [];

  static async start(): Promise<LockProcesses> {
    const server = await RedisServer.start();
    const port = createRedis({ url: server.url, deadline: '5s' });
    await port.connect();
    return new LockProcesses(server, port);
  }

  private constructor(
    readonly server: RedisServer,
    /** A connection beside theirs. */
    readonly port: RedisPort,
  ) {
    this.locks = LockService.create({ namespace: this.namespace }, { redis: port });
  }

  async process({ locks, redis, clock, url }: LockProcessOptions = {}): Promise<LockProcess> {
    const port = createRedis({ url: url ?? this.server.url, deadline: '2s', ...redis });
    await port.connect();
    const chaos = new ChaosRedisPort(port);
    const service = LockService.create(
      { namespace: this.namespace, ...locks },
      { redis: chaos, clock: clock ?? new SystemClock() },
    );
    this.#started.push({
      close: async () => {
        await service.close('0ms');
        await port.close();
      },
    });
    return { locks: service, redis: chaos };
  }

  /** What Redis calls a key of letters. */
  keyOf(key: string): string {
    return `strata:${this.namespace}:lock:{${key}}`;
  }

  /** How long until Redis forgets a key, in ms; -2: there is none. */
  async lifeOf(redisKey: string): Promise<number> {
    return (await this.port.send('PTTL', [redisKey])) as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((started) => started.close()));
    await this.locks.close('0ms');
    await this.port.close();
    await this.server.stop();
  }
}
