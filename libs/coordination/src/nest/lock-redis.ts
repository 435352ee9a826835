import { createRedis, loadIoredis, RedisPort } from '@nest-strata/redis';
import type { LockModuleOptions } from './lock-module-options.js';

/** The way to Redis that locks take. */
export class LockRedis {
  private constructor(
    readonly port: RedisPort,
    private readonly isOwn: boolean,
  ) {}

  /**
   * Connects with the first lock. Fails for a package that is missing, never for a server that is.
   *
   * @throws InvalidRedisOptionsError, MissingIoredisError
   */
  static async open({ redis }: LockModuleOptions): Promise<LockRedis> {
    if (redis instanceof RedisPort) return new LockRedis(redis, false);
    const port = createRedis(redis);
    if (redis.client === undefined) await loadIoredis();
    return new LockRedis(port, true);
  }

  async close(): Promise<void> {
    if (this.isOwn) await this.port.close();
  }
}
