import type { Clock, ClockTimer } from '@nest-strata/core';
import type { RedisPort, Subscription } from '@nest-strata/redis';
import type { ChannelEvents } from '../channel-events.js';
import type { ChannelMessage } from '../channel-message.js';
import type { ResolvedDurableOptions } from '../resolve-handler-options.js';
import type { StreamEntry } from './stream-entry.js';
import type { StreamGroup } from './stream-group.js';

/** What a {@link DurableHandler} takes from the service. */
export interface DurableHandlerContext {
  readonly channel: string;
  readonly options: ResolvedDurableOptions;
  readonly handle: (data: unknown, message: ChannelMessage) => unknown;
  readonly group: StreamGroup;
  readonly redis: RedisPort;
  readonly clock: Clock;
  readonly events: ChannelEvents;
  /** The pub/sub channel on which it is told that there is something. */
  readonly bell: string;
  readonly heartbeatMs: number;
  readonly read: (entry: StreamEntry) => ChannelMessage | undefined;
  readonly closed: () => void;
}

/** How long closing waits for calls that are under way. */
const CLOSE_TIMEOUT_MS = 5_000;
const GONE = 'every process that handled it went away';

/** Reads the stream of a channel for a group, and calls its function with what it gets. */
export class DurableHandler {
  readonly #context: DurableHandlerContext;
  readonly #bell: Subscription;
  readonly #running = new Map<string, Promise<void>>();
  /** Dealt with, but not acknowledged. */
  readonly #done = new Set<string>();
  readonly #armedWaiters: (() => void)[] = [];
  readonly #timers = new Set<ClockTimer>();
  #isArmed = false;
  #isOut = false;
  #work: Promise<void> | undefined;
  #isAsked = false;
  /** Whether something may be due again: nobody tells of that. */
  #isClaimDue = false;
  #closing: Promise<void> | undefined;

  constructor(context: DurableHandlerContext) {
    const { redis, bell, heartbeatMs } = context;
    this.#context = context;
    const wake = () => this.#wake();
    this.#bell = redis.subscribe({ message: wake, armed: wake, lost: () => undefined }, { heartbeatMs });
    this.#bell.follow({ channels: [bell] });
    this.#poll();
    this.#renew();
  }

  get isArmed(): boolean {
    return this.#isArmed;
  }

  get waitingCount(): number {
    return this.#running.size;
  }

  armed(): Promise<void> {
    if (this.#isArmed || this.#closing !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#armedWaiters.push(resolve));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { closed, clock, group, events, channel, options } = this.#context;
    closed();
    this.#isArmed = false;
    for (const resolve of this.#armedWaiters.splice(0)) resolve();
    await this.#bell.close();
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(resolve, CLOSE_TIMEOUT_MS);
      void this.#ended().then(() => {
        timer.cancel();
        resolve();
      });
    });
    for (const timer of this.#timers) timer.cancel();
    try {
      await this.#acknowledge();
      await group.leave();
    } catch (error) {
      events.tell({ kind: 'stream-unavailable', channel, handler: options.name, error });
    }
  }

  /** Looks for work now, and again if it is asked to meanwhile. */
  #wake(): void {
    this.#isAsked = true;
    if (this.#closing !== undefined) return;
    this.#work ??= this.#workOn().finally(() => {
      this.#work = undefined;
      if (this.#isAsked) this.#wake();
    });
  }

  /** Resolves when nothing is under way. */
  async #ended(): Promise<void> {
    await this.#work;
    await Promise.all(this.#running.values());
  }

  async #workOn(): Promise<void> {
    while (this.#isAsked && this.#closing === undefined) {
      this.#isAsked = false;
      try {
        await this.#acknowledge();
        await this.#take();
        this.#there();
      } catch (error) {
        this.#out(error);
      }
    }
  }

  /** What is due again goes before what is new. */
  async #take(): Promise<void> {
    const { group, options, channel, events } = this.#context;
    const { claimAfterMs, concurrency, maxDeliveries } = options;
    const room = () => concurrency - this.#running.size - this.#done.size;
    if (room() <= 0) return;
    if (this.#isClaimDue) {
      const { claimed, buried, lostCount } = await group.claim(room(), claimAfterMs, maxDeliveries);
      this.#isClaimDue = claimed.length === room();
      for (const entry of claimed) this.#start(entry);
      for (const { entry, deliveries } of buried) this.#tellBuried(entry, deliveries, GONE);
      if (lostCount > 0) events.tell({ kind: 'messages-dropped', channel, handler: options.name, count: lostCount });
    }
    if (room() <= 0 || this.#isClosing()) return;
    for (const entry of await group.read(room())) this.#start(entry);
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  #start(entry: StreamEntry): void {
    if (this.#running.has(entry.id)) return; // its own, from before a pause that was long
    const run = (this.#isClosing() ? this.#release(entry, 0) : this.#run(entry)).finally(() => {
      this.#running.delete(entry.id);
      this.#wake();
    });
    this.#running.set(entry.id, run);
  }

  async #run(entry: StreamEntry): Promise<void> {
    const { options, handle, read } = this.#context;
    if (entry.onlyGroup !== '' && entry.onlyGroup !== options.group) {
      await this.#finish(entry);
      return;
    }
    const message = read(entry);
    if (message === undefined) {
      await this.#bury(entry, 'it was rejected');
      return;
    }
    try {
      await handle(message.data, message);
    } catch (error) {
      await this.#fail(entry, message, error);
      return;
    }
    await this.#finish(entry);
  }

  /** An acknowledgement that did not get through is sent again with the next one. */
  async #finish({ id }: StreamEntry): Promise<void> {
    this.#done.add(id);
    try {
      await this.#acknowledge();
    } catch (error) {
      this.#out(error);
    }
  }

  async #acknowledge(): Promise<void> {
    const ids = [...this.#done];
    if (ids.length === 0) return;
    await this.#context.group.acknowledge(ids);
    for (const id of ids) this.#done.delete(id);
  }

  async #fail(entry: StreamEntry, message: ChannelMessage, error: unknown): Promise<void> {
    const { channel, events, options } = this.#context;
    const { claimAfterMs, maxDeliveries, name, retryAfterMs } = options;
    const willRetry = entry.delivery < maxDeliveries;
    events.tell({ kind: 'handler-failed', channel, handler: name, messageId: message.id, error, willRetry });
    if (!willRetry) {
      await this.#bury(entry, error instanceof Error ? error.message : String(error));
      return;
    }
    const delayMs = Math.min(retryAfterMs * 2 ** (entry.delivery - 1), claimAfterMs);
    await this.#release(entry, delayMs);
    this.#setTimer(() => this.#look(), delayMs);
  }

  async #release({ id }: StreamEntry, delayMs: number): Promise<void> {
    const { group, options } = this.#context;
    try {
      await group.release(id, options.claimAfterMs - delayMs);
    } catch (error) {
      this.#out(error); // it is claimed once it was silent for long enough
    }
  }

  async #bury(entry: StreamEntry, reason: string): Promise<void> {
    try {
      await this.#context.group.bury(entry, reason);
      this.#tellBuried(entry, entry.delivery, reason);
    } catch (error) {
      this.#out(error); // it is claimed, and then buried
    }
  }

  #tellBuried(entry: StreamEntry, deliveries: number, reason: string): void {
    const { channel, events, options } = this.#context;
    events.tell({ kind: 'dead-lettered', channel, handler: options.name, messageId: entry.id, deliveries, reason });
  }

  #there(): void {
    this.#isOut = false;
    if (this.#closing !== undefined) return;
    this.#isArmed = true;
    for (const resolve of this.#armedWaiters.splice(0)) resolve();
  }

  #out(error: unknown): void {
    const { channel, events, options } = this.#context;
    this.#isArmed = false;
    if (this.#isOut) return;
    this.#isOut = true;
    events.tell({ kind: 'stream-unavailable', channel, handler: options.name, error });
  }

  /** For what the bell did not tell: messages that are due again, and those of processes that are gone. */
  #poll(): void {
    this.#look();
    this.#setTimer(() => this.#poll(), this.#context.options.pollEveryMs);
  }

  #look(): void {
    this.#isClaimDue = true;
    this.#wake();
  }

  #renew(): void {
    const { group, options } = this.#context;
    const ids = [...this.#running.keys()];
    if (ids.length > 0) group.renew(ids).catch((error: unknown) => this.#out(error));
    this.#setTimer(() => this.#renew(), options.claimAfterMs / 3);
  }

  #setTimer(callback: () => void, delayMs: number): void {
    const timer = this.#context.clock.setTimer(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }
}
