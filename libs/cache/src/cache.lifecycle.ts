import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { CacheEngine } from '@nest-strata/engine';
import type { RedisPort } from '@nest-strata/redis';
import { logCacheState } from './cache-state.log.js';
import { CACHE_REDIS, CACHE_SETTINGS } from './cache.tokens.js';
import { DuplicateCacheModuleError } from './errors/duplicate-cache-module.error.js';
import type { ResolvedSettings } from './options/resolved-settings.js';
import { logRedisOutages } from './redis-outage.log.js';

/** How long the boot waits for a Redis that does not answer; it goes on without it then. */
const BOOT_WAIT_MS = 200;

/**
 * How long the shutdown waits for the database to take what is queued, and later for Redis to confirm what is pending;
 * what neither has then is lost.
 */
const SHUTDOWN_WAIT_MS = 1_000;

/**
 * Opens the connections to Redis while the application boots, so that its first requests find memory coherent; and closes
 * them as the last thing: what other providers do in `onModuleDestroy` and `beforeApplicationShutdown`, and the requests
 * that are still answered, can use the cache. Write-behind queues are drained before, as databases are closed
 * together with the cache; what is saved after that is saved at once.
 */
@Injectable()
export class CacheLifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger('Cache');

  constructor(
    private readonly engine: CacheEngine,
    @Inject(CACHE_REDIS) private readonly redis: RedisPort | undefined,
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
    modules: ModulesContainer,
  ) {
    const holders = [...modules.values()].filter((module) => module.providers.has(CacheLifecycle));
    if (holders.length > 1) throw new DuplicateCacheModuleError();
  }

  async onModuleInit(): Promise<void> {
    const { ignored: options } = this.settings;
    if (options.length > 0) this.logger.log('options count for nothing without Redis', { options });
    if (this.redis === undefined) return;
    logRedisOutages(this.redis, this.logger);
    logCacheState(this.engine, this.logger);
    const untilMs = performance.now() + BOOT_WAIT_MS;
    try {
      await this.redis.connect(BOOT_WAIT_MS);
      await this.untilCoherent(untilMs - performance.now());
    } catch {
      // That it does not connect in time is logged and told as an event by whoever hears of its state.
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.engine.closeQueues(SHUTDOWN_WAIT_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.engine.close(SHUTDOWN_WAIT_MS);
    await this.redis?.close();
  }

  /** Waits until memory hears of the changes of other processes, for a bounded time. */
  private async untilCoherent(timeoutMs: number): Promise<void> {
    const { coherence } = this.engine;
    if (coherence === undefined || coherence.configured === 'none' || coherence.isArmed) return;
    let stopListening: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      stopListening = this.engine.listenToState(({ type }) => {
        if (type === 'coherence' && this.engine.coherence?.isArmed === true) resolve();
      });
    });
    clearTimeout(timer);
    stopListening();
  }
}
