import type { MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { ChannelMessage } from '../../channels/channel-message.js';
import type { ChannelService } from '../../channels/channel.service.js';
import type { ChannelDeclarations } from '../../channels/registry/define-channels.js';

/** What of a channel goes to a browser, and how. */
export interface ChannelStreamOptions {
  /** Only what is published with these parameters. Leave none out that says whose it is. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** What becomes of a message. Default: its id, its channel as the type, and what it says. */
  readonly toEvent?: (message: ChannelMessage) => MessageEvent;
}

/**
 * What is published, for a method with `@Sse`. The channel is followed as long as the browser listens. Where messages may
 * be missing, an event of the type `gap` is sent: the browser should read again what it has from them.
 *
 * @example
 * @Sse('notifications')
 * stream(@User() user: User): Observable<MessageEvent> {
 *   return channelStream(this.channels, 'notifications:user:{id}', { params: { id: user.id } });
 * }
 */
export function channelStream<Declared extends ChannelDeclarations>(
  service: ChannelService<Declared>,
  selector: Extract<keyof Declared, string> | `${string}*`,
  { params = {}, toEvent = asEvent }: ChannelStreamOptions = {},
): Observable<MessageEvent> {
  return new Observable((browser) => {
    const handle = (_data: unknown, message: ChannelMessage) => browser.next(toEvent(message));
    const subscription = service.on(selector, handle, {
      params,
      name: `stream of ${selector}`,
      onGap: (reason) => browser.next({ type: 'gap', data: { reason } }),
    });
    return () => void subscription.close();
  });
}

function asEvent({ id, channel, data }: ChannelMessage): MessageEvent {
  return { id, type: channel, data: data as object };
}
