import { SystemClock } from '@nest-strata/core';
import type { Clock, Random } from '@nest-strata/core';
import { RedisPort, RedisUnavailableError } from '@nest-strata/redis';
import type {
  KeyWatch,
  KeyWatchListener,
  KeyWatchOptions,
  RedisArgument,
  RedisScript,
  RedisState,
  RedisStateListener,
  Subscription,
  SubscriptionListener,
  SubscriptionOptions,
} from '@nest-strata/redis';
import { Gate } from '../gate/gate.js';
import { SeededRandom } from '../random/seeded-random.js';
import { ChaosKeyWatch } from './chaos-key-watch.js';
import { ChaosNotifications } from './chaos-notifications.js';
import type { RedisCall } from './redis-call.js';

/** What happens to calls by chance, each probability from 0 (never, the default) to 1 (always). */
export interface RedisChaos {
  /** Rejects with `RedisUnavailableError` (`not-connected`), and nothing was sent. */
  readonly refuse?: number;
  /** Rejects with `RedisUnavailableError` (`deadline`), though Redis did what it was asked. */
  readonly loseReply?: number;
  /** How long a call waits before it is sent; none by default. */
  readonly delayMs?: { readonly min: number; readonly max: number };
}

/** Where a {@link ChaosRedisPort} takes chance and time from: {@link SeededRandom} and the machine's clock by default. */
export interface ChaosDependencies {
  readonly random?: Random;
  readonly clock?: Clock;
}

interface GatedCalls {
  readonly isMeant: (call: RedisCall) => boolean;
  readonly gate: Gate<RedisCall>;
}

const NOTHING = (): void => undefined;

/**
 * A `RedisPort` before a real one, in which a test acts between the steps of a call, or lets chance do so.
 *
 * It begins as the port it stands before, to the tick. Each call, reads included, first passes its gates, then
 * {@link onCall}, then chance; its reply passes {@link onReply}, then its gates. A call that waits exceeds the deadline
 * that a port promises. Connecting, closing and the state are those of the real port.
 *
 * @example
 * const redis = new ChaosRedisPort(createRedis({ url }));
 * redis.disturb({ refuse: 0.1, loseReply: 0.1, delayMs: { min: 0, max: 20 } });
 */
export class ChaosRedisPort extends RedisPort {
  readonly #port: RedisPort;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #callGates: GatedCalls[] = [];
  readonly #replyGates: GatedCalls[] = [];
  #chaos: RedisChaos = {};

  /** Runs before a call is sent. What it throws, the call rejects with, and nothing is sent. */
  onCall: (call: RedisCall) => void | Promise<void> = NOTHING;

  /** Runs when a reply is there, before the caller gets it. What it throws, the call rejects with, though it was done. */
  onReply: (call: RedisCall, reply: unknown) => void | Promise<void> = NOTHING;

  /** Runs before a message that was published is told to a subscription; `false` loses it, as a lost connection does. */
  onPublished: (channel: string, payload: Buffer) => boolean = () => true;

  /** The news of changed keys, of all watches of this port. */
  readonly notifications = new ChaosNotifications();

  constructor(port: RedisPort, { random = new SeededRandom(), clock = new SystemClock() }: ChaosDependencies = {}) {
    super();
    this.#port = port;
    this.#random = random;
    this.#clock = clock;
  }

  override get state(): RedisState {
    return this.#port.state;
  }

  override get reason(): Error | undefined {
    return this.#port.reason;
  }

  /** Lets chance disturb the calls to come, in place of what disturbed them so far; `{}` ends it. */
  disturb(chaos: RedisChaos): void {
    this.#chaos = chaos;
  }

  /** A gate, closed, before which calls wait that are meant; nothing of them is sent. */
  gateCalls(isMeant: (call: RedisCall) => boolean): Gate<RedisCall> {
    return addGate(this.#callGates, isMeant);
  }

  /** A gate, closed, before which the replies to calls wait that are meant: Redis has done what was asked. */
  gateReplies(isMeant: (call: RedisCall) => boolean): Gate<RedisCall> {
    return addGate(this.#replyGates, isMeant);
  }

  override read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.#carry({ kind: 'read', name: 'MGET', keys, args: [] }, () => this.#port.read(keys));
  }

  override send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    const call: RedisCall = { kind: 'send', name: command.toUpperCase(), keys: [], args };
    return this.#carry(call, () => this.#port.send(command, args));
  }

  override run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply> {
    const call: RedisCall = { kind: 'run', name: script.name, keys: Object.values(keys), args: Object.values(args) };
    return this.#carry(call, () => this.#port.run(script, keys, args));
  }

  override async *scan(pattern: string, batchSize?: number): AsyncIterable<string[]> {
    const call: RedisCall = { kind: 'scan', name: 'SCAN', keys: [], args: [pattern] };
    await this.#carry(call, () => Promise.resolve());
    yield* this.#port.scan(pattern, batchSize);
  }

  override watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    const watch = this.#port.watch(options, this.notifications.before(listener));
    return new ChaosKeyWatch(watch, this.notifications);
  }

  override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions): Subscription {
    const before: SubscriptionListener = {
      message: (channel, payload, pattern) => {
        if (this.onPublished(channel, payload)) listener.message(channel, payload, pattern);
      },
      armed: () => listener.armed(),
      lost: (reason) => listener.lost(reason),
    };
    return this.#port.subscribe(before, options);
  }

  override connect(timeoutMs?: number): Promise<void> {
    return this.#port.connect(timeoutMs);
  }

  override onStateChange(listener: RedisStateListener): () => void {
    return this.#port.onStateChange(listener);
  }

  override close(): Promise<void> {
    return this.#port.close();
  }

  #carry<Reply>(call: RedisCall, send: () => Promise<Reply>): Promise<Reply> {
    return this.#isUndisturbed(call) ? send() : this.#disturbed(call, send);
  }

  /** Such a call must not even wait for a promise, or it would leave the batch of its tick. */
  #isUndisturbed(call: RedisCall): boolean {
    const { refuse = 0, loseReply = 0, delayMs } = this.#chaos;
    const hasHooks = this.onCall !== NOTHING || this.onReply !== NOTHING;
    const isGated = [...this.#callGates, ...this.#replyGates].some(
      ({ isMeant, gate }) => !gate.isOpen && isMeant(call),
    );
    return !hasHooks && !isGated && refuse === 0 && loseReply === 0 && delayMs === undefined;
  }

  async #disturbed<Reply>(call: RedisCall, send: () => Promise<Reply>): Promise<Reply> {
    const { refuse = 0, loseReply = 0, delayMs } = this.#chaos;
    const isRefused = this.#random.fraction() < refuse;
    const isReplyLost = this.#random.fraction() < loseReply;
    await passGates(this.#callGates, call);
    await this.onCall(call);
    if (delayMs !== undefined) await this.#wait(delayMs.min + this.#random.fraction() * (delayMs.max - delayMs.min));
    if (isRefused) throw new RedisUnavailableError('not-connected', 'refused by chance');
    const reply = await send();
    await this.onReply(call, reply);
    await passGates(this.#replyGates, call);
    if (isReplyLost) throw new RedisUnavailableError('deadline', 'the reply was lost by chance');
    return reply;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(resolve, ms));
  }
}

function addGate(gates: GatedCalls[], isMeant: (call: RedisCall) => boolean): Gate<RedisCall> {
  const gate = new Gate<RedisCall>();
  gates.push({ isMeant, gate });
  return gate;
}

async function passGates(gates: readonly GatedCalls[], call: RedisCall): Promise<void> {
  for (const { isMeant, gate } of gates) if (isMeant(call)) await gate.pass(call);
}
