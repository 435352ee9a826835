import type { Duration } from '@nest-strata/core';
import type { ChannelMessage } from './channel-message.js';
import type { GapReason } from './live/handler-queue.js';

/** How a handler gets its messages. */
export interface LiveHandlerOptions<Message = ChannelMessage> {
  /** Hears only what is published with these parameters; those that are left out may be anything. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** What it is called in events. Default: the name of the function, or of the channel. */
  readonly name?: string;
  /** How many messages may wait for the handler, from 1; the oldest gives way to the newest. Default 1000. */
  readonly queueLimit?: number;
  /** A message takes the place of a waiting one for which this is the same: of each key only the newest is handled. */
  readonly coalesceBy?: (message: Message) => string;
  /**
   * Called where messages may be missing, between those that came before and those that come after: read again what you
   * have from them. `'connection'`: the connection was lost, and is there again. `'overflow'`: the queue was full.
   */
  readonly onGap?: (reason: GapReason) => unknown;
}

/** How a handler of a durable channel gets its messages. */
export interface DurableHandlerOptions {
  /** Who shares the work: each message goes to one handler of each group. Required. */
  readonly group: string;
  /** What it is called in events. Default: the group. */
  readonly name?: string;
  /** How many messages this process handles at once, from 1 to 1000. Default 1: in order, as long as none fails. */
  readonly concurrency?: number;
  /** After how many deliveries a message becomes a dead letter. Default 5. */
  readonly maxDeliveries?: number;
  /** How long after a failure a message comes again: doubled each time, at most `claimAfter`. Default `'1s'`. */
  readonly retryAfter?: Duration;
  /**
   * After how long without a sign of life the messages of a process go to another one; from `'100ms'` to `'1h'`. Default
   * `'30s'`. A handler may take longer: as long as its process lives, its messages are its own.
   */
  readonly claimAfter?: Duration;
  /** How often to look for messages of which nobody told. Default `'1s'`. */
  readonly pollEvery?: Duration;
  /** Where a new group begins: with all that the stream still has (`'oldest'`, default), or with what comes (`'now'`). */
  readonly startAt?: 'oldest' | 'now';
}

/** What fits a channel is checked when the handler is registered. */
export type HandlerOptions<Message = ChannelMessage> = LiveHandlerOptions<Message> & Partial<DurableHandlerOptions>;

/** A handler that was registered. */
export interface ChannelSubscription {
  /** Whether what is published is heard now. */
  readonly isArmed: boolean;
  /** How many messages wait for the handler, or are with it. */
  readonly waitingCount: number;
  /** Resolves once what is published is heard, or the handler is closed. */
  armed(): Promise<void>;
  /** The handler is called no more, but a call that is under way is left to end. */
  close(): Promise<void>;
}
