import { inspect } from 'node:util';
import type { GapReason } from './live/handler-queue.js';

/** What happens at channels that no call can be told of. `handler` is the name that was given to it. */
export type ChannelEvent =
  /** A handler threw, or its promise was rejected. Nothing else was disturbed. A durable message comes again, if `willRetry`. */
  | {
      readonly kind: 'handler-failed';
      readonly channel: string;
      readonly handler: string;
      readonly messageId: string;
      readonly error: unknown;
      readonly willRetry: boolean;
    }
  /** A message was not what its channel carries; no handler got it. */
  | {
      readonly kind: 'message-rejected';
      readonly channel: string;
      readonly messageId: string | undefined;
      readonly problems: readonly string[];
    }
  /** A handler was too slow: the oldest of what waited for it was dropped. */
  | { readonly kind: 'messages-dropped'; readonly channel: string; readonly handler: string; readonly count: number }
  /** A handler was told that it may have missed something. */
  | { readonly kind: 'gap'; readonly channel: string; readonly handler: string; readonly reason: GapReason }
  /** What is published is not heard, for this reason. */
  | { readonly kind: 'lost'; readonly channel: string; readonly handler: string; readonly reason: string }
  /** A durable message was given up and put among the dead letters. */
  | {
      readonly kind: 'dead-lettered';
      readonly channel: string;
      readonly handler: string;
      readonly messageId: string;
      readonly deliveries: number;
      readonly reason: string;
    }
  /** A durable channel cannot be read (now). It is tried again. Once for each outage. */
  | {
      readonly kind: 'stream-unavailable';
      readonly channel: string;
      readonly handler: string;
      readonly error: unknown;
    };

/** Called synchronously. What it throws is told as a warning of the process. */
export type ChannelEventListener = (event: ChannelEvent) => void;

/** What must not go unseen even where nobody listens. */
const SERIOUS: readonly ChannelEvent['kind'][] = ['handler-failed', 'message-rejected', 'dead-lettered'];

/** Who hears of {@link ChannelEvent}s. */
export class ChannelEvents {
  readonly #listeners = new Set<ChannelEventListener>();

  /** Returns the function that stops it. */
  listen(listener: ChannelEventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(event: ChannelEvent): void {
    if (this.#listeners.size === 0 && SERIOUS.includes(event.kind)) process.emitWarning(describe(event));
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(`A listener for events of channels threw ${inspect(error)}`);
      }
    }
  }
}

function describe(event: ChannelEvent): string {
  const cause =
    'error' in event ? `: ${inspect(event.error)}` : 'problems' in event ? `: ${event.problems.join('; ')}` : '';
  return `Channel '${event.channel}': ${event.kind}${cause}. Listen to the events of the ChannelService to deal with it.`;
}
