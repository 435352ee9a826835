import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { RedisPort } from '@nest-strata/redis';
import { CACHE_REDIS } from './cache.tokens.js';
import { DuplicateCacheModuleError } from './errors/duplicate-cache-module.error.js';
import { logRedisOutages } from './redis-outage.log.js';

/** How long the boot waits for a Redis that does not answer; it goes on without it then. */
const BOOT_WAIT_MS = 200;

/**
 * Opens the connection to Redis while the application boots, and closes it as the last thing: what other providers do in
 * `onModuleDestroy` and `beforeApplicationShutdown`, and the requests that are still answered, can use the cache.
 */
@Injectable()
export class CacheLifecycle implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Cache');

  constructor(
    @Inject(CACHE_REDIS) private readonly redis: RedisPort | undefined,
    modules: ModulesContainer,
  ) {
    const holders = [...modules.values()].filter((module) => module.providers.has(CacheLifecycle));
    if (holders.length > 1) throw new DuplicateCacheModuleError();
  }

  async onModuleInit(): Promise<void> {
    if (this.redis === undefined) return;
    logRedisOutages(this.redis, this.logger);
    // Whether it connects in time is logged and told as an event by whoever hears of its state.
    await this.redis.connect(BOOT_WAIT_MS).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.redis?.close();
  }
}
