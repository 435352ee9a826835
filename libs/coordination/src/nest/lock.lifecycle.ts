import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { LockService } from '../locks/lock.service.js';
import { LockRedis } from './lock-redis.js';

/**
 * Ends locks as the last thing: the requests that are still answered can take them, and what they hold is waited for, for
 * as long as `LockService.close` does.
 */
@Injectable()
export class LockLifecycle implements OnApplicationShutdown {
  constructor(
    private readonly locks: LockService,
    private readonly redis: LockRedis,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.locks.close();
    await this.redis.close();
  }
}
