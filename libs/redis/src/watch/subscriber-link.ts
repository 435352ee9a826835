import type { ClockTimer } from '@nest-strata/core';
import { retryDelayMs } from '../client/connection-profile.js';
import { RedisLink, type RedisLinkContext } from '../connection/redis-link.js';
import { describeFault } from '../errors/redis-fault.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { isRefusal } from './refusal.js';

/** What a {@link SubscriberLink} is to do and whom it tells. */
export interface SubscriberSettings<Begun> {
  /** What the connection is for: it is named `<name>:<role>`. */
  readonly role: string;
  /** The longest that it waits for an answer. */
  readonly timeoutMs: () => number;
  /** Called for each new connection, over which nothing is heard yet. */
  readonly connected?: () => void;
  /**
   * Subscribes, on each new connection and for each {@link SubscriberLink.update}. It is tried again if Redis answers with
   * an error, and over a new connection if Redis does not answer.
   */
  readonly begin: (link: RedisLink) => Promise<Begun>;
  /** What is published from now on will be heard. */
  readonly begun: (begun: Begun) => void;
  readonly message: (payload: unknown, channel: unknown, pattern?: unknown) => void;
  /** Nothing is heard (any more), until it is subscribed again. */
  readonly lost: (reason: string) => void;
  /** The server does not permit it. It will be asked again. */
  readonly refused: (reason: string) => void;
}

/** A connection that listens to what is published, and is subscribed again whenever it was lost. */
export class SubscriberLink<Begun = void> {
  readonly #context: RedisLinkContext;
  readonly #settings: SubscriberSettings<Begun>;
  readonly #link: RedisLink;
  #refusals = 0;
  /** Counts the connections: what was begun over an earlier one says nothing about this one. */
  #round = 0;
  #retry: ClockTimer | undefined;

  constructor(context: RedisLinkContext, settings: SubscriberSettings<Begun>) {
    const { options, openClient } = context;
    const nothing = (): void => undefined;
    this.#context = context;
    this.#settings = settings;
    this.#link = new RedisLink({
      ...context,
      options: { ...options, name: `${options.name}:${settings.role}` },
      openClient: (profile) => openClient({ ...profile, autoResubscribe: false }),
      loaded: nothing,
      answered: nothing,
      missed: nothing,
      proven: () => {
        settings.connected?.();
        void this.#begin();
      },
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

  /** Begins again over the present connection, if there is one; for those who have more to subscribe to. */
  update(): void {
    if (this.#link.isReady) void this.#begin();
  }

  /** Gives up the connection and makes a new one. */
  replace(reason: string): void {
    this.#link.replace(reason);
  }

  async close(): Promise<void> {
    this.#retry?.cancel();
    await this.#link.close();
  }

  async #begin(): Promise<void> {
    const { begin, begun } = this.#settings;
    const round = this.#round;
    try {
      const outcome = await begin(this.#link);
      if (round !== this.#round) return;
      this.#refusals = 0;
      begun(outcome);
    } catch (error) {
      if (round === this.#round) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof RedisReplyError) {
      this.#retry?.cancel();
      this.#retry = this.#context.clock.setTimer(() => void this.#begin(), this.#nextDelayMs());
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
    this.#round++;
    this.#retry?.cancel();
    this.#settings.lost(this.#link.reason?.message ?? 'the connection was closed');
  }
}

/** Subscribes to one channel. */
export async function listenOn(channel: string, link: RedisLink, timeoutMs: number): Promise<void> {
  await link.ask('subscribe', [channel], timeoutMs); // ioredis knows it in lower case only
}
