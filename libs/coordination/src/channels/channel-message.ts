import type { MessageHeader } from './message/envelope.js';

/** A message with what is known about it. What it says is frozen: all handlers of a process get one object. */
export interface ChannelMessage<
  Name extends string = string,
  Payload = unknown,
  Params = Readonly<Record<string, string>>,
> extends MessageHeader {
  /** The name of the channel, as it was declared. */
  readonly channel: Name;
  /** The values for the parameters of that name. */
  readonly params: Params;
  readonly data: Payload;
  /** How often a durable message was handed out, this time included; 1 for others. */
  readonly delivery: number;
}

/** The names that a selector means: itself, or for one with a `*` at its end those that begin like it. */
export type SelectedNames<Declared, Selector extends string> = Selector extends `${infer Beginning}*`
  ? Extract<keyof Declared, `${Beginning}${string}`>
  : Extract<keyof Declared, Selector>;
