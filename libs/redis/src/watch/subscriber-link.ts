import type { ClockTimer } from '@nest-strata/core';
import { retryDelayMs } from '../client/connection-profile.js';
import { RedisLink, type RedisLinkContext } from '../connection/redis-link.js';
import { describeFault } from '../errors/redis-fault.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { isRefusal } from './refusal.js';

/** What a {@link SubscriberLink} is to do and whom it tells. */
export interface SubscriberSettings<Prepared> {
  readonly channel: string;
  /** The longest that it waits for an answer. */
  readonly timeoutMs: () => number;
  /** Called before each subscription, after which a connection can do little else; it is not subscribed if this fails. */
  readonly prepare: (link: RedisLink) => Promise<Prepared>;
  /** What is published from now on will be heard. */
  readonly subscribed: (prepared: Prepared) => void;
  readonly message: (payload: unknown) => void;
  /** Nothing is heard (any more), until it is subscribed again. */
  readonly lost: (reason: string) => void;
  /** The server does not permit it. It will be asked again. */
  readonly refused: (reason: string) => void;
}

/** A connection that listens on one pub/sub channel, and is subscribed again whenever it was lost. */
export class SubscriberLink<Prepared = void> {
  readonly #context: RedisLinkContext;
  readonly #settings: SubscriberSettings<Prepared>;
  readonly #link: RedisLink;
  #refusals = 0;
  #retry: ClockTimer | undefined;

  constructor(context: RedisLinkContext, settings: SubscriberSettings<Prepared>) {
    const { options, openClient } = context;
    const nothing = (): void => undefined;
    this.#context = context;
    this.#settings = settings;
    this.#link = new RedisLink({
      ...context,
      options: { ...options, name: `${options.name}:watch` },
      openClient: (profile) => openClient({ ...profile, autoResubscribe: false }),
      loaded: nothing,
      answered: nothing,
      missed: nothing,
      proven: () => void this.#subscribe(),
      changed: () => this.#changed(),
      message: settings.message,
    });
  }

  open(): void {
    this.#link.open();
  }

  /** Resolves when all that was published before its call has been heard; a connection that does not answer is replaced. */
  async ping(): Promise<void> {
    try {
      await this.#link.ping(this.#settings.timeoutMs());
    } catch (error) {
      if (this.#link.isReady) this.replace(describeFault(error));
      throw error;
    }
  }

  /** Gives up the connection and makes a new one. */
  replace(reason: string): void {
    this.#link.replace(reason);
  }

  async close(): Promise<void> {
    this.#retry?.cancel();
    await this.#link.close();
  }

  async #subscribe(): Promise<void> {
    const { channel, timeoutMs, prepare, subscribed } = this.#settings;
    try {
      const prepared = await prepare(this.#link);
      await this.#link.ask('subscribe', [channel], timeoutMs()); // ioredis knows it in lower case only
      this.#refusals = 0;
      subscribed(prepared);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof RedisReplyError) {
      this.#retry = this.#context.clock.setTimer(() => void this.#subscribe(), this.#nextDelayMs());
      if (isRefusal(error)) this.#settings.refused(error.message);
      else this.#settings.lost(error.message);
    } else if (this.#link.isReady) {
      this.replace(describeFault(error)); // the loss is told by an event, as any other one is
    }
  }

  #nextDelayMs(): number {
    return retryDelayMs(++this.#refusals, this.#context.random);
  }

  #changed(): void {
    if (this.#link.isReady) return;
    this.#retry?.cancel();
    this.#settings.lost(this.#link.reason?.message ?? 'the connection was closed');
  }
}
