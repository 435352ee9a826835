import type { Clock, ClockTimer, Random, StrataError } from '@nest-strata/core';
import { Batch, type BatchObserver } from '../batch/batch.js';
import { transmit, type BatchConnection } from '../batch/transmit.js';
import { connectionProfile, DISCONNECT_TIMEOUT_MS, retryDelayMs } from '../client/connection-profile.js';
import type { RedisClient } from '../client/redis-client.js';
import { resetSocket } from '../client/reset-socket.js';
import { Deadline } from '../deadline/deadline.js';
import { setPatientTimer } from '../deadline/patient-timer.js';
import { waitAtMost } from '../deadline/wait-at-most.js';
import { isReply, toConnectionError, toRefusal } from '../errors/redis-fault.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { RedisUnavailableError } from '../errors/redis-unavailable.error.js';
import type { ResolvedRedisOptions } from '../options/redis.options.js';
import type { RedisArgument } from '../redis.port.js';
import { isAnswerToPing } from '../replies/ping-reply.js';

/** What a link takes from the port that owns it. */
export interface RedisLinkContext {
  readonly options: ResolvedRedisOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadline: Deadline;
  readonly openClient: (profile: object) => Promise<RedisClient>;
  /** Called when there is a client, and connecting begins. */
  readonly loaded: () => void;
  /** Called when the server has answered over a new connection, which is ready now. */
  readonly proven: () => void;
  /** Called when the connection is no longer ready, or {@link RedisLink.reason} has changed. */
  readonly changed: (link: RedisLink) => void;
  /** Called when a batch has been answered. */
  readonly answered: () => void;
  /** Called when a batch has run out of time. */
  readonly missed: () => void;
  /** Called with what is published on a channel that was subscribed to, or that matches a pattern that was. */
  readonly message?: (payload: unknown, channel: unknown, pattern?: unknown) => void;
}

/**
 * One connection: opens it, keeps it open, and replaces it when it is dead.
 *
 * Nothing is sent over a new connection but a `PING`, until the server has answered that: one that is loading, hangs or
 * wants a password accepts connections, too. A connection over which nothing at all comes although an answer is due is
 * replaced after `socketTimeoutMs`.
 */
export class RedisLink {
  readonly #context: RedisLinkContext;
  #connection: BatchConnection | undefined;
  #opening: Promise<void> | undefined;
  #isConnected = false;
  /** Whether the server has answered since the connection was made. */
  #isProven = false;
  #isClosing = false;
  #attempts = 0;
  #reason: StrataError | undefined;
  #watchdog: ClockTimer | undefined;
  /** The next attempt to connect, or the next `PING`, when it is up to us. */
  #retry: ClockTimer | undefined;

  readonly #traffic: BatchObserver = {
    batchFinished: (batch, heard) => {
      this.#context.deadline.forget(batch);
      if (!heard) return;
      this.#stopWatchdog();
      this.#context.answered();
    },
    batchExpired: () => {
      this.#startWatchdog();
      this.#context.missed();
    },
    lateReply: () => this.#stopWatchdog(),
  };

  readonly #onError = (error: unknown): void => this.#fail(error);

  readonly #listeners: readonly (readonly [event: string, listener: (...args: unknown[]) => void])[] = [
    ['connect', () => this.#startWatchdog()],
    ['ready', () => this.#begin()],
    ['close', () => this.#lose()],
    ['end', () => this.#reopen()],
    ['messageBuffer', (channel, payload) => this.#context.message?.(payload, channel)],
    ['pmessageBuffer', (pattern, channel, payload) => this.#context.message?.(payload, channel, pattern)],
  ];

  constructor(context: RedisLinkContext) {
    this.#context = context;
  }

  /** Whether batches can be sent. */
  get isReady(): boolean {
    return this.#isConnected && this.#isProven;
  }

  /** Whether an answer is late and nothing has come since. */
  get isOverdue(): boolean {
    return this.#watchdog !== undefined;
  }

  /** Why it is not ready; nothing while the first attempt is under way. */
  get reason(): StrataError | undefined {
    return this.#reason;
  }

  /** Starts connecting and goes on until {@link close}; what comes of it shows in {@link isReady} and {@link reason}. */
  open(): void {
    this.#opening ??= this.#open();
  }

  /** Sends a batch; only to be called while `ready`. */
  send(batch: Batch): void {
    this.#transmit(batch, this.#traffic, this.#context.deadline);
  }

  /**
   * Resolves when the server answers: also if it forbids `PING`, does not know it, or cannot save its data.
   *
   * @throws RedisReplyError when it answers that it does not serve us (now)
   * @throws RedisUnavailableError when it does not answer
   */
  async ping(timeoutMs = this.#context.options.deadlineMs): Promise<void> {
    try {
      await this.ask('PING', [], timeoutMs);
    } catch (error) {
      if (!isAnswerToPing(error)) throw error;
    }
  }

  /**
   * Sends one command of the connection's own business, and gives its reply. Unlike a batch it is sent although Redis is
   * left alone, and what comes of it says nothing about Redis.
   *
   * @throws RedisReplyError when Redis refuses it
   * @throws RedisUnavailableError when no answer comes in time; if none comes at all, the connection is replaced
   */
  async ask(command: string, args: RedisArgument[], timeoutMs: number): Promise<unknown> {
    const deadline = new Deadline(this.#context.clock, timeoutMs);
    try {
      return await new Promise((resolve, reject) => {
        const batch = new Batch();
        batch.addCommand({ name: command, args, resolve, reject });
        const observer: BatchObserver = {
          batchFinished: (_batch, heard) => {
            if (heard) this.#stopWatchdog();
          },
          batchExpired: () => this.#startWatchdog(),
          lateReply: () => this.#stopWatchdog(),
        };
        this.#transmit(batch, observer, deadline);
      });
    } finally {
      deadline.stop();
    }
  }

  /** Gives the connection up and makes a new one. What it was given to send and has not sent is never sent. */
  replace(reason: string): void {
    this.#stopWatchdog();
    this.#reason = new RedisUnavailableError('not-connected', reason);
    const client = this.#connection?.client;
    if (client === undefined) return;
    resetSocket(client.stream);
    client.disconnect(true);
  }

  /** Closes the connection, after the answers that are due, if they come within the deadline. */
  async close(): Promise<void> {
    const { clock, options } = this.#context;
    let answersMayBeDue = this.isReady;
    this.#isClosing = true;
    this.#stopWatchdog();
    this.#retry?.cancel();
    await this.#opening;
    const client = this.#connection?.client;
    if (client === undefined) return;
    const ended = new Promise<unknown>((resolve) => client.on('end', resolve));
    if (answersMayBeDue) {
      const answered = client.quit().then(() => (answersMayBeDue = false));
      await waitAtMost(options.deadlineMs, answered, clock);
    }
    if (answersMayBeDue) resetSocket(client.stream);
    // While it waits for its next attempt, a client of ioredis ends without saying so.
    const willSayEnd = client.status !== 'reconnecting' && client.status !== 'end';
    client.disconnect();
    if (willSayEnd) await waitAtMost(2 * DISCONNECT_TIMEOUT_MS, ended, clock);
    for (const [event, listener] of this.#listeners) client.off(event, listener);
  }

  async #open(): Promise<void> {
    const { openClient } = this.#context;
    try {
      const client = await openClient(connectionProfile(() => this.#nextDelayMs()));
      this.#connection = { client, knownScripts: new Set(), isClosing: () => this.#isClosing };
    } catch (error) {
      this.#fail(error);
      return;
    }
    const { client } = this.#connection;
    client.on('error', this.#onError);
    for (const [event, listener] of this.#listeners) client.on(event, listener);
    if (this.#isClosing) return;
    this.#connect();
    this.#context.loaded();
  }

  /** What comes of it is told by events. */
  #connect(): void {
    this.#connection?.client.connect().catch(() => undefined);
  }

  #nextDelayMs(): number {
    return retryDelayMs(++this.#attempts, this.#context.random);
  }

  #transmit(batch: Batch, observer: BatchObserver, deadline: Deadline): void {
    if (this.#connection === undefined) return batch.fail(new RedisUnavailableError('not-connected'));
    deadline.watch(batch);
    transmit(batch, this.#connection, observer);
  }

  /** The name is for those who read `CLIENT LIST`; where it is forbidden, there is none. */
  #begin(): void {
    const { name } = this.#context.options;
    this.#isConnected = true;
    this.#connection?.client.callBuffer('CLIENT', ['SETNAME', name]).catch(() => undefined);
    this.#prove();
  }

  #prove(): void {
    this.ping().then(
      () => this.#trust(),
      (error: unknown) => this.#doubt(error),
    );
  }

  #trust(): void {
    if (!this.#isConnected) return;
    this.#isProven = true;
    this.#attempts = 0;
    this.#reason = undefined;
    this.#context.proven();
  }

  #doubt(error: unknown): void {
    const wasLost = error instanceof RedisUnavailableError && error.reason !== 'deadline';
    if (!this.#isConnected || wasLost) return; // the loss itself is told by an event
    const { clock, options } = this.#context;
    this.#reason = error instanceof RedisReplyError ? toRefusal(error.reply) : toConnectionError(error);
    this.#retry = clock.setTimer(() => this.#prove(), options.breaker.openForMs);
    this.#context.changed(this);
  }

  /** The client's report. A reply among them means that the server refused `AUTH` or `SELECT`: nothing may be sent. */
  #fail(error: unknown): void {
    this.#reason = toConnectionError(error);
    if (isReply(error)) {
      this.#isConnected = false;
      this.#retry?.cancel();
      this.#connection?.client.disconnect(true);
    }
    this.#context.changed(this);
  }

  #lose(): void {
    this.#isConnected = false;
    this.#isProven = false;
    this.#connection?.knownScripts.clear();
    this.#retry?.cancel();
    this.#stopWatchdog();
    this.#reason ??= new RedisUnavailableError('not-connected', 'the connection was closed');
    this.#context.changed(this);
  }

  /** The client has given up, for instance after somebody sent `QUIT`; we do not. */
  #reopen(): void {
    if (this.#isClosing) return;
    this.#retry = this.#context.clock.setTimer(() => this.#connect(), this.#nextDelayMs());
  }

  #startWatchdog(): void {
    const { clock, options } = this.#context;
    const silence = `nothing came from the server for ${options.socketTimeoutMs} ms`;
    this.#watchdog ??= setPatientTimer(clock, () => this.replace(silence), options.socketTimeoutMs);
  }

  #stopWatchdog(): void {
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
  }
}
