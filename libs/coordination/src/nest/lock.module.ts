import { Logger, Module } from '@nestjs/common';
import type { FactoryProvider } from '@nestjs/common';
import { LockService } from '../locks/lock.service.js';
import type { LockModuleOptions } from './lock-module-options.js';
import { LockRedis } from './lock-redis.js';
import { LockLifecycle } from './lock.lifecycle.js';
import { ConfigurableLockModule, LOCK_OPTIONS } from './lock.module-definition.js';

const redisProvider: FactoryProvider<LockRedis> = {
  provide: LockRedis,
  inject: [LOCK_OPTIONS],
  useFactory: (options: LockModuleOptions) => LockRedis.open(options),
};

const serviceProvider: FactoryProvider<LockService> = {
  provide: LockService,
  inject: [LOCK_OPTIONS, LockRedis],
  useFactory: ({ redis: _, ...options }: LockModuleOptions, { port }: LockRedis) => {
    const locks = LockService.create(options, { redis: port });
    const logger = new Logger(LockService.name);
    locks.listen((event) => {
      const { type, key } = event;
      if (type === 'lost') logger.warn('a lock was lost while it was held', { key, reason: event.reason });
      if (type === 'release-failed')
        logger.warn('Redis could not be told that a lock is free', { key, error: event.error });
    });
    return locks;
  },
};

/**
 * Locks for an application: import {@link forRoot} or `forRootAsync` once, in the root module.
 *
 * @example
 * LockModule.forRoot({ namespace: 'shop', redis: { url: process.env.REDIS_URL } })
 */
@Module({
  providers: [redisProvider, serviceProvider, LockLifecycle],
  exports: [LockService],
})
export class LockModule extends ConfigurableLockModule {}
