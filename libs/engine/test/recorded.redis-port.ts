import { RedisPort } from '@nest-strata/redis';
import type {
  KeyWatch,
  KeyWatchListener,
  KeyWatchOptions,
  RedisArgument,
  RedisScript,
  RedisStateListener,
  Subscription,
  SubscriptionListener,
  SubscriptionOptions,
} from '@nest-strata/redis';

/** What a cache sends because time has passed, whatever it is asked. */
const ROUTINE: readonly string[] = ['heartbeat', 'TOUCH'];

/** A port that notes what it is asked, and in how many trips, except for the routine of a cache; and what it hears. */
export class RecordedRedisPort extends RedisPort {
  readonly #port: RedisPort;
  #calls: string[] = [];
  #tripCount = 0;
  #isTripOpen = false;
  #watch: KeyWatch | undefined;
  readonly #heard = new Set<string>();

  constructor(port: RedisPort) {
    super();
    this.#port = port;
  }

  /** The commands and scripts that were sent since the last {@link forget}, in order; a read is `GET <n>` of n keys. */
  get calls(): readonly string[] {
    return this.#calls;
  }

  /** How many ticks of the event loop asked for something: each is one trip. */
  get tripCount(): number {
    return this.#tripCount;
  }

  /** Whether a watch has told of the key. */
  hasHeardOf(redisKey: string): boolean {
    return this.#heard.has(redisKey);
  }

  /** As that of the watch that was opened last. */
  get heardUpToMs(): number {
    return this.#watch?.heardUpToMs ?? -Infinity;
  }

  forget(): void {
    this.#calls = [];
    this.#tripCount = 0;
  }

  override get state() {
    return this.#port.state;
  }

  override get reason() {
    return this.#port.reason;
  }

  override read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    this.#note(`GET ${String(keys.length)}`);
    return this.#port.read(keys);
  }

  override send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    this.#note(command.toUpperCase());
    return this.#port.send(command, args);
  }

  override run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply> {
    this.#note(script.name);
    return this.#port.run(script, keys, args);
  }

  override scan(pattern: string, batchSize?: number): AsyncIterable<string[]> {
    this.#note('SCAN');
    return this.#port.scan(pattern, batchSize);
  }

  override watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    const changed = (redisKeys: readonly string[]) => {
      listener.changed(redisKeys);
      for (const redisKey of redisKeys) this.#heard.add(redisKey);
    };
    const armed: KeyWatchListener['armed'] = (prefixes) => listener.armed(prefixes);
    const lost: KeyWatchListener['lost'] = (reason) => listener.lost(reason);
    this.#watch = this.#port.watch(options, { changed, armed, lost });
    return this.#watch;
  }

  override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions): Subscription {
    return this.#port.subscribe(listener, options);
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

  #note(call: string): void {
    if (ROUTINE.includes(call)) return;
    this.#calls.push(call);
    if (this.#isTripOpen) return;
    this.#isTripOpen = true;
    this.#tripCount++;
    process.nextTick(() => (this.#isTripOpen = false));
  }
}
