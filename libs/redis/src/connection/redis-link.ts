import type { Clock, ClockTimer, Random, StrataError } from '@nest-strata/core';
import { Batch, type BatchObserver } from '../batch/batch.js';
import { transmit, type BatchConnection } from '../batch/transmit.js';
import { CircuitBreaker, type BreakerState } from '../breaker/circuit-breaker.js';
import { connectionProfile, DISCONNECT_TIMEOUT_MS, retryDelayMs } from '../client/connection-profile.js';
import type { RedisClient } from '../client/redis-client.js';
import type { Deadline } from '../deadline/deadline.js';
import { setPatientTimer } from '../deadline/patient-timer.js';
import { isReply, toConnectionError, toRefusal } from '../errors/redis-fault.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { RedisUnavailableError } from '../errors/redis-unavailable.error.js';
import type { ResolvedRedisOptions } from '../options/redis.options.js';

/** What a link takes from the port that owns it. */
export interface RedisLinkContext {
  readonly options: ResolvedRedisOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadline: Deadline;
  readonly openClient: (profile: object) => Promise<RedisClient>;
  /** Called when {@link RedisLink.status} or {@link RedisLink.reason} may have changed. */
  readonly changed: () => void;
}

/** `ready`: can be sent over; `breaker-open`: connected, but left alone after silence; `connecting`: not there (yet). */
export type RedisLinkStatus = 'ready' | 'breaker-open' | 'connecting';

/**
 * One connection: opens it, keeps it open, and knows whether anything should be sent over it.
 *
 * A connection that is new, or whose breaker has opened, carries nothing but a `PING` until the server has answered
 * that. One over which nothing at all comes although an answer is due is replaced after `socketTimeoutMs`.
 */
export class RedisLink {
  readonly #context: RedisLinkContext;
  readonly #breaker: CircuitBreaker;
  #connection: BatchConnection | undefined;
  #opening: Promise<void> | undefined;
  #isConnected = false;
  /** Whether the server has answered since the connection was made. */
  #isProven = false;
  #isClosing = false;
  #attempts = 0;
  #reason: StrataError | undefined;
  #watchdog: ClockTimer | undefined;
  #reopening: ClockTimer | undefined;

  readonly #traffic: BatchObserver = {
    batchFinished: (batch, heard) => {
      this.#context.deadline.forget(batch);
      if (!heard) return;
      this.#stopWatchdog();
      this.#breaker.recordSuccess();
    },
    batchExpired: () => {
      this.#startWatchdog();
      this.#breaker.recordFailure();
    },
    lateReply: () => this.#stopWatchdog(),
  };

  /** As {@link #traffic}, but what the reply says counts, not that there is one. */
  readonly #probing: BatchObserver = {
    batchFinished: (batch, heard) => {
      this.#context.deadline.forget(batch);
      if (heard) this.#stopWatchdog();
    },
    batchExpired: () => this.#startWatchdog(),
    lateReply: () => this.#stopWatchdog(),
  };

  readonly #onError = (error: unknown): void => this.#fail(error);

  readonly #listeners: readonly (readonly [event: string, listener: () => void])[] = [
    ['connect', () => this.#startWatchdog()],
    ['ready', () => this.#begin()],
    ['close', () => this.#lose()],
    ['end', () => this.#reopen()],
  ];

  constructor(context: RedisLinkContext) {
    this.#context = context;
    this.#breaker = new CircuitBreaker(context.options.breaker, context.clock, (state) => this.#breakerBecame(state));
  }

  get status(): RedisLinkStatus {
    if (!this.#isConnected || !this.#isProven) return 'connecting';
    return this.#breaker.state === 'closed' ? 'ready' : 'breaker-open';
  }

  /** Why it is not `ready`; nothing while the first attempt is under way. */
  get reason(): StrataError | undefined {
    return this.#reason;
  }

  /** Starts connecting and goes on until {@link close}; what comes of it shows in {@link status} and {@link reason}. */
  open(): void {
    this.#opening ??= this.#open();
  }

  /** Sends a batch; only to be called while `ready`. */
  send(batch: Batch): void {
    this.#transmit(batch, this.#traffic);
  }

  /** Closes the connection, after the answers that are due, if they come within the deadline. */
  async close(): Promise<void> {
    const answersAreDue = this.status === 'ready';
    this.#isClosing = true;
    this.#breaker.stop();
    this.#stopWatchdog();
    this.#reopening?.cancel();
    await this.#opening;
    const client = this.#connection?.client;
    if (client === undefined) return;
    const ended = new Promise<unknown>((resolve) => client.on('end', resolve));
    if (answersAreDue) await this.#atMost(this.#context.options.deadlineMs, client.quit());
    // While it waits for its next attempt, a client of ioredis ends without saying so.
    const willSayEnd = client.status !== 'reconnecting' && client.status !== 'end';
    client.disconnect();
    if (willSayEnd) await this.#atMost(2 * DISCONNECT_TIMEOUT_MS, ended);
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
    if (!this.#isClosing) this.#connect();
  }

  /** What comes of it is told by events. */
  #connect(): void {
    this.#connection?.client.connect().catch(() => undefined);
  }

  #nextDelayMs(): number {
    return retryDelayMs(++this.#attempts, this.#context.random);
  }

  #transmit(batch: Batch, observer: BatchObserver): void {
    if (this.#connection === undefined) return;
    this.#context.deadline.watch(batch);
    transmit(batch, this.#connection, observer);
  }

  #breakerBecame(state: BreakerState): void {
    if (state === 'half-open') {
      this.#probe();
      return;
    }
    if (state === 'closed') {
      this.#isProven = true;
      this.#attempts = 0;
      this.#reason = undefined;
    } else {
      this.#reason ??= new RedisUnavailableError('deadline');
    }
    this.#context.changed();
  }

  #probe(): void {
    const batch = new Batch();
    batch.addCommand({
      name: 'PING',
      args: [],
      resolve: () => this.#prove(),
      reject: (error) => this.#doubt(error),
    });
    this.#transmit(batch, this.#probing);
  }

  #prove(): void {
    if (this.#isConnected) this.#breaker.recordSuccess();
  }

  /**
   * A server that forbids or does not know `PING` lives all the same; one that is loading or wants a password is away.
   * If the probe was lost with its connection, that will be told.
   */
  #doubt(error: Error): void {
    if (!this.#isConnected) return;
    if (error instanceof RedisReplyError) {
      if (/^(NOPERM|ERR unknown command)/.test(error.reply)) {
        this.#prove();
        return;
      }
      this.#reason = toRefusal(error.reply);
    } else if (error instanceof RedisUnavailableError && error.reason === 'deadline') {
      this.#reason = error;
    } else {
      return;
    }
    this.#breaker.recordFailure();
  }

  /** The name is for those who read `CLIENT LIST`; where it is forbidden, there is none. */
  #begin(): void {
    const { name } = this.#context.options;
    this.#isConnected = true;
    this.#connection?.client.callBuffer('CLIENT', ['SETNAME', name]).catch(() => undefined);
    this.#breaker.askForProbe();
  }

  /** The client's report. A reply among them means that the server refused `AUTH` or `SELECT`: nothing may be sent. */
  #fail(error: unknown): void {
    this.#reason = toConnectionError(error);
    if (isReply(error)) {
      this.#isConnected = false;
      this.#breaker.stop();
      this.#connection?.client.disconnect(true);
    }
    this.#context.changed();
  }

  #lose(): void {
    this.#isConnected = false;
    this.#isProven = false;
    this.#connection?.knownScripts.clear();
    this.#breaker.stop();
    this.#stopWatchdog();
    this.#reason ??= new RedisUnavailableError('not-connected', 'the connection was closed');
    this.#context.changed();
  }

  /** The client has given up, for instance after somebody sent `QUIT`; we do not. */
  #reopen(): void {
    if (this.#isClosing) return;
    this.#reopening = this.#context.clock.setTimer(() => this.#connect(), this.#nextDelayMs());
  }

  #startWatchdog(): void {
    const { clock, options } = this.#context;
    this.#watchdog ??= setPatientTimer(clock, () => this.#replace(), options.socketTimeoutMs);
  }

  #stopWatchdog(): void {
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
  }

  #replace(): void {
    const { socketTimeoutMs } = this.#context.options;
    this.#watchdog = undefined;
    this.#reason = new RedisUnavailableError('not-connected', `nothing came from the server for ${socketTimeoutMs} ms`);
    this.#connection?.client.disconnect(true);
  }

  /** Waits for `promise`, whatever comes of it, but not longer than `timeoutMs`. */
  #atMost(timeoutMs: number, promise: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.setTimer(resolve, timeoutMs);
      promise
        .catch(() => undefined)
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }
}
