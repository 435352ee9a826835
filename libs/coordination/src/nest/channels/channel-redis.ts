import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createRedis, RedisPort } from '@nest-strata/redis';
import { InvalidChannelOptionsError } from '../../channels/errors/invalid-channel-options.error.js';
import type { ChannelModuleOptions } from './channel-module-options.js';
import { CHANNEL_OPTIONS } from './channel.module-definition.js';

/** The way to Redis of the channels of an application. */
@Injectable()
export class ChannelRedis implements OnApplicationShutdown {
  readonly port: RedisPort;
  readonly #isOwn: boolean;

  constructor(@Inject(CHANNEL_OPTIONS) { redis }: ChannelModuleOptions) {
    if (typeof redis !== 'object' || (redis as unknown) === null) {
      throw new InvalidChannelOptionsError('redis', `is missing. Give { url: 'redis://…' }, or a port of createRedis`);
    }
    this.#isOwn = !isPort(redis);
    this.port = isPort(redis) ? redis : createRedis(redis);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#isOwn) await this.port.close();
  }
}

/** By its shape: where two copies of the package are installed, it could be of the other one. */
function isPort(redis: ChannelModuleOptions['redis']): redis is RedisPort {
  return redis instanceof RedisPort || ('subscribe' in redis && 'run' in redis);
}
