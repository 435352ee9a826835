import { inspect } from 'node:util';
import type { Clock, Random, StrataError } from '@nest-strata/core';
import { Batch } from './batch/batch.js';
import { CircuitBreaker, type BreakerState } from './breaker/circuit-breaker.js';
import type { RedisClient } from './client/redis-client.js';
import { LinkPool } from './connection/link-pool.js';
import { RedisLink, type RedisLinkContext } from './connection/redis-link.js';
import { Deadline } from './deadline/deadline.js';
import { MissingIoredisError } from './errors/missing-ioredis.error.js';
import { RedisAuthError } from './errors/redis-auth.error.js';
import { RedisUnavailableError } from './errors/redis-unavailable.error.js';
import type { ResolvedRedisOptions } from './options/redis.options.js';
import { RedisPort, type RedisArgument, type RedisState, type RedisStateListener } from './redis.port.js';
import { packArguments } from './script/pack-arguments.js';
import type { RedisScript } from './script/redis-script.js';
import { parseScanReply } from './replies/scan-reply.js';
import type { Subscription, SubscriptionListener, SubscriptionOptions } from './subscribe/subscription.port.js';
import { Subscriptions } from './subscribe/subscriptions.js';
import type { KeyWatch, KeyWatchListener, KeyWatchOptions } from './watch/key-watch.port.js';
import { KeyWatches } from './watch/key-watches.js';

/** What {@link IoredisPort} works with. */
export interface IoredisPortDependencies {
  readonly clock: Clock;
  readonly random: Random;
  /** Makes an unconnected client of ioredis with these settings. */
  readonly openClient: (profile: object) => Promise<RedisClient>;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_SCAN_BATCH_SIZE = 500;

/** {@link RedisPort} over one or several connections of ioredis; made by {@link createRedis}. */
export class IoredisPort extends RedisPort {
  readonly #clock: Clock;
  readonly #options: ResolvedRedisOptions;
  readonly #deadline: Deadline;
  readonly #breaker: CircuitBreaker;
  readonly #links: LinkPool<RedisLink>;
  readonly #watches: KeyWatches;
  readonly #subscriptions: Subscriptions;
  readonly #listeners = new Set<RedisStateListener>();
  #state: RedisState = 'connecting';
  #reason: StrataError | undefined;
  /** What this tick asks for, or what waits for the very first connection. */
  #batch: Batch | undefined;
  #isOpen = false;
  /** Until when calls may wait for the very first connection; unknown while ioredis is being loaded. */
  #patientUntilMs: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedRedisOptions, { clock, random, openClient }: IoredisPortDependencies) {
    super();
    this.#clock = clock;
    this.#options = options;
    this.#deadline = new Deadline(clock, options.deadlineMs);
    this.#breaker = new CircuitBreaker(options.breaker, clock, (state) => this.#breakerBecame(state));
    const context: RedisLinkContext = {
      options,
      clock,
      random,
      deadline: this.#deadline,
      openClient,
      loaded: () => this.#linkLoaded(),
      proven: () => this.#linkProven(),
      changed: (link) => this.#linkChanged(link),
      answered: () => this.#breaker.recordSuccess(),
      missed: () => this.#breaker.recordFailure(),
    };
    const links = Array.from({ length: options.connections }, () => new RedisLink(context));
    this.#links = new LinkPool(links, (link, kind) => this.#watches.suitability(link, kind));
    this.#watches = new KeyWatches({ link: context, readyLinks: () => this.#links.ready, open: () => this.#open() });
    this.#subscriptions = new Subscriptions(context);
  }

  override get state(): RedisState {
    return this.#state;
  }

  override get reason(): StrataError | undefined {
    return this.#reason;
  }

  override read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    if (!this.#accepts()) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => this.#currentBatch().addRead(keys, resolve, reject));
  }

  override send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    if (!this.#accepts()) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#currentBatch().addCommand({ name: command.toUpperCase(), args: [...args], resolve, reject });
    });
  }

  override async run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply> {
    if (!this.#accepts()) throw this.#refusal();
    const reply = await new Promise((resolve, reject) => {
      this.#currentBatch().addCommand({
        name: script.name,
        args: packArguments(script, keys, args),
        script,
        resolve,
        reject,
      });
    });
    return script.parse(reply);
  }

  override async *scan(pattern: string, batchSize = DEFAULT_SCAN_BATCH_SIZE): AsyncIterable<string[]> {
    let cursor = '0';
    do {
      const [next, keys] = parseScanReply(await this.send('SCAN', [cursor, 'MATCH', pattern, 'COUNT', batchSize]));
      if (keys.length > 0) yield keys;
      cursor = next;
    } while (cursor !== '0');
  }

  override watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    return this.#watches.watch(options, listener);
  }

  override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions): Subscription {
    return this.#subscriptions.subscribe(listener, options);
  }

  override async connect(timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS): Promise<void> {
    this.#open();
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.setTimer(() => settle(this.#refusal()), timeoutMs);
      const settle = (error?: Error) => {
        timer.cancel();
        stop();
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = () => {
        if (this.#state === 'ready') settle();
        else if (this.#state === 'closed') settle(this.#refusal());
        else if (isHopeless(this.#reason)) settle(this.#reason);
      };
      const stop = this.onStateChange(look);
      look();
    });
  }

  override onStateChange(listener: RedisStateListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#flush();
    this.#batch?.fail(new RedisUnavailableError('closed'));
    this.#become('closed', undefined);
    await Promise.all([this.#watches.close(), this.#subscriptions.close(), this.#links.close()]);
    this.#deadline.stop();
    this.#breaker.stop();
    this.#listeners.clear();
  }

  #open(): void {
    if (this.#isOpen || this.#state === 'closed') return;
    this.#isOpen = true;
    this.#links.open();
  }

  /** Whether a call may be put into the batch: Redis is there, or may yet come in time for the first calls. */
  #accepts(): boolean {
    if (this.#state === 'ready') return true;
    this.#open();
    if (!this.#isFirstConnectionUnderWay()) return false;
    return this.#patientUntilMs === undefined || this.#clock.monotonicMs() < this.#patientUntilMs;
  }

  #isFirstConnectionUnderWay(): boolean {
    return this.#state === 'connecting' && this.#reason === undefined;
  }

  #refusal(): RedisUnavailableError {
    if (this.#state === 'closed') return new RedisUnavailableError('closed');
    const reason = this.#reason;
    if (this.#state === 'breaker-open') return new RedisUnavailableError('breaker-open', undefined, { cause: reason });
    if (reason instanceof RedisUnavailableError) {
      return new RedisUnavailableError('not-connected', reason.detail, { cause: reason.cause });
    }
    return new RedisUnavailableError('not-connected', reason?.message, { cause: reason });
  }

  #currentBatch(): Batch {
    if (this.#batch === undefined || this.#batch.isOver) {
      this.#batch = new Batch();
      process.nextTick(this.#flush);
    }
    return this.#batch;
  }

  /** Sends the batch of this tick, or keeps it while the first connection may yet come. */
  readonly #flush = (): void => {
    const batch = this.#batch;
    if (batch === undefined) return;
    const link = this.#state === 'breaker-open' ? undefined : this.#links.pick(batch.kind);
    if (link === undefined && this.#isFirstConnectionUnderWay()) {
      if (this.#patientUntilMs !== undefined) this.#deadline.watch(batch);
      return;
    }
    this.#batch = undefined;
    if (batch.isOver) return;
    if (link === undefined) batch.fail(this.#refusal());
    else link.send(batch);
  };

  #linkLoaded(): void {
    this.#patientUntilMs ??= this.#clock.monotonicMs() + this.#options.deadlineMs;
    this.#flush();
  }

  #linkProven(): void {
    this.#breaker.reset();
    this.#watches.linkReady();
    this.#update();
  }

  #linkChanged(link: RedisLink): void {
    if (!link.isReady) this.#watches.linkLost(link);
    this.#update();
  }

  #breakerBecame(state: BreakerState): void {
    if (state === 'half-open') this.#probe();
    else this.#update();
  }

  /** One answer, over whichever connection, shows that the server is there. */
  #probe(): void {
    const pings = this.#links.ready.map((link) => link.ping());
    const whileOpen = (record: () => void) => () => {
      if (this.#state === 'breaker-open') record();
    };
    Promise.any(pings).then(
      whileOpen(() => this.#breaker.recordSuccess()),
      whileOpen(() => this.#breaker.recordFailure()),
    );
  }

  #update(): void {
    if (this.#state === 'closed') return;
    if (this.#links.ready.length === 0) {
      this.#breaker.stop();
      this.#become('connecting', this.#links.reason);
    } else if (this.#breaker.state === 'closed') {
      this.#become('ready', undefined);
    } else if (this.#state !== 'breaker-open') {
      this.#become('breaker-open', new RedisUnavailableError('deadline'));
    }
    if (this.#batch !== undefined) this.#flush();
  }

  #become(state: RedisState, reason: StrataError | undefined): void {
    const isNews = state !== this.#state || kindOf(reason) !== kindOf(this.#reason);
    this.#state = state;
    this.#reason = reason;
    if (!isNews) return;
    for (const listener of this.#listeners) {
      try {
        listener(state, reason);
      } catch (error) {
        process.emitWarning(`A listener of the state of Redis threw ${inspect(error)}`);
      }
    }
  }
}

/** What waiting will hardly change; connecting goes on all the same. */
function isHopeless(reason: StrataError | undefined): reason is RedisAuthError | MissingIoredisError {
  return reason instanceof RedisAuthError || reason instanceof MissingIoredisError;
}

/** Two reasons of one kind are one piece of news, so that an outage is told once and not with every attempt. */
function kindOf(reason: StrataError | undefined): string {
  if (reason === undefined) return 'none';
  return isHopeless(reason) ? reason.code : 'away';
}
