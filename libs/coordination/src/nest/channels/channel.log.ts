import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { ChannelEvent } from '../../channels/channel-events.js';
import { ChannelService } from '../../channels/channel.service.js';

/** Logs what happens at channels that no call can be told of. */
@Injectable()
export class ChannelLog implements OnModuleDestroy {
  readonly #logger = new Logger('Channels');
  readonly #stop: () => void;
  #isLost = false;

  constructor(service: ChannelService) {
    this.#stop = service.listen((event) => this.#log(event));
  }

  onModuleDestroy(): void {
    this.#stop();
  }

  /** A connection that is lost is lost to all handlers: that is logged once. */
  #log(event: ChannelEvent): void {
    const where = 'handler' in event ? `${event.handler} (${event.channel})` : event.channel;
    switch (event.kind) {
      case 'handler-failed':
        this.#logger.error(`${where} failed${event.willRetry ? ', and will be tried again' : ''}`, event.error);
        return;
      case 'dead-lettered':
        this.#logger.error(
          `${where}: gave message ${event.messageId} up after ${event.deliveries} deliveries: ${event.reason}`,
        );
        return;
      case 'message-rejected':
        this.#logger.warn(`${where}: refused a message: ${event.problems.join('; ')}`);
        return;
      case 'messages-dropped':
        this.#logger.warn(`${where}: dropped ${event.count} messages`);
        return;
      case 'stream-unavailable':
        this.#logger.warn(`${where}: the stream cannot be read: ${String(event.error)}`);
        return;
      case 'lost':
        if (!this.#isLost) this.#logger.warn(`Messages may be missed: ${event.reason}`);
        this.#isLost = true;
        return;
      case 'gap':
        if (event.reason === 'connection') this.#isLost = false;
    }
  }
}
