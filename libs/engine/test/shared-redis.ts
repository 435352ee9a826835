import { createRedis } from '@nest-strata/redis';
import type { RedisArgument, RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import type { RedisServerOptions } from '@nest-strata/testing';

/** How a server is started, and how long its answers to the test may take. */
export interface SharedRedisOptions extends RedisServerOptions {
  readonly deadline?: '2s' | '5s';
}

/** A Redis that caches share, and a connection to it beside theirs. */
export class SharedRedis implements AsyncDisposable {
  static async start({ deadline = '2s', ...options }: SharedRedisOptions = {}): Promise<SharedRedis> {
    const server = await RedisServer.start(options);
    const port = createRedis({ url: server.url, deadline });
    await port.connect();
    return new SharedRedis(server, port);
  }

  private constructor(
    readonly server: RedisServer,
    readonly port: RedisPort,
  ) {}

  /** What somebody else does, who is no cache. */
  send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    return this.port.send(command, args);
  }

  async stop(): Promise<void> {
    await this.port.close();
    await this.server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
