import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { MemoryLimitStore } from '../../src/store/memory.limit-store.js';
import { RedisLimitStore } from '../../src/store/redis.limit-store.js';
import { MicroClock } from './micro-clock.js';

/** Both stores over one clock, the one in Redis in a real server; each namespace is used once. */
export class LimitStores implements AsyncDisposable {
  readonly clock = new MicroClock();
  #namespaces = 0;

  static async start(): Promise<LimitStores> {
    const server = await RedisServer.start();
    const redis = createRedis({ url: server.url, deadline: '5s' });
    await redis.connect();
    return new LimitStores(server, redis);
  }

  private constructor(
    readonly server: RedisServer,
    readonly redis: RedisPort,
  ) {}

  /** An empty store in Redis whose time is that of {@link clock}. */
  inRedis(): RedisLimitStore {
    return new RedisLimitStore(this.redis, { namespace: this.#nextNamespace(), nowUs: () => this.clock.nowUs });
  }

  /** An empty store in Redis that goes by the time of the server. */
  inRedisTime(): { store: RedisLimitStore; namespace: string } {
    const namespace = this.#nextNamespace();
    return { store: new RedisLimitStore(this.redis, { namespace }), namespace };
  }

  /** An empty store in memory whose time is that of {@link clock}. */
  inMemory(): MemoryLimitStore {
    return new MemoryLimitStore({ clock: this.clock, epochMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.close();
    await this.server.stop();
  }

  #nextNamespace(): string {
    return `n${this.#namespaces++}`;
  }
}
