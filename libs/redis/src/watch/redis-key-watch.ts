import { inspect } from 'node:util';
import type { KeyChannel, KeyChannelMember } from './key-channel.js';
import {
  KeyWatch,
  type KeyAnnouncement,
  type KeyWatchListener,
  type KeyWatchMode,
  type KeyWatchOptions,
} from './key-watch.port.js';

/** What a {@link RedisKeyWatch} takes from the port. */
export interface RedisKeyWatchContext {
  readonly options: KeyWatchOptions;
  readonly listener: KeyWatchListener;
  readonly source: string;
  /** Called before it begins to listen. */
  readonly open: () => void;
  readonly makeChannel: (mode: KeyWatchMode, announcement: KeyAnnouncement) => KeyChannel;
  readonly closed: () => void;
}

/** Where a watch stands: it has not heard anything yet, hears, hears no more, or may not hear. */
type Standing = 'new' | 'armed' | 'lost' | 'refused';

/** {@link KeyWatch} over the connections of a port: one who listens to a channel, and to the bus if need be. */
export class RedisKeyWatch extends KeyWatch implements KeyChannelMember {
  readonly #context: RedisKeyWatchContext;
  readonly #announcement: KeyAnnouncement;
  readonly #prefixes = new Set<string>();
  readonly #armed = new Set<string>();
  #channelMode: KeyWatchMode;
  #channel: KeyChannel | undefined;
  #mode: KeyWatchMode | undefined;
  #standing: Standing = 'new';
  #losses = 0;
  #closing: Promise<void> | undefined;

  constructor(context: RedisKeyWatchContext) {
    super();
    const { options, source } = context;
    this.#context = context;
    this.#announcement = Object.freeze({ channel: options.channel, source });
    this.#mode = options.mode === 'auto' ? undefined : options.mode;
    this.#channelMode = this.#mode ?? 'tracking';
  }

  override get mode(): KeyWatchMode | undefined {
    return this.#mode;
  }

  override get heardUpToMs(): number {
    return this.#armed.size === 0 ? -Infinity : (this.#channel?.heardUpToMs ?? -Infinity);
  }

  override get lagMs(): number | undefined {
    return this.#channel?.lagMs;
  }

  override get losses(): number {
    return this.#losses;
  }

  override get announcement(): KeyAnnouncement | undefined {
    return this.#mode === undefined || this.#mode === 'bus' ? this.#announcement : undefined;
  }

  /** How it listens, or will. */
  get channelMode(): KeyWatchMode {
    return this.#channelMode;
  }

  get prefixes(): Iterable<string> {
    return this.#prefixes;
  }

  get heartbeatMs(): number {
    return this.#context.options.heartbeatMs;
  }

  override follow(prefixes: readonly string[]): void {
    for (const prefix of prefixes) this.#prefixes.add(prefix);
    if (this.#prefixes.size === 0 || this.#closing !== undefined) return;
    if (this.#channel === undefined) this.#listen();
    else this.#channel.update();
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  changed(redisKeys: readonly string[]): void {
    const own = redisKeys.filter((key) => this.#watches(key));
    if (own.length > 0) this.#tell((listener) => listener.changed(own));
  }

  armed(isHeard: (prefix: string) => boolean): void {
    const news = [...this.#prefixes].filter((prefix) => !this.#armed.has(prefix) && isHeard(prefix));
    if (news.length === 0) return;
    for (const prefix of news) this.#armed.add(prefix);
    this.#standing = 'armed';
    this.#mode = this.#channelMode;
    this.#tell((listener) => listener.armed(news));
  }

  lost(reason: string): void {
    if (this.#standing === 'new' || this.#standing === 'armed') this.#lose('lost', reason);
  }

  refused(reason: string): void {
    if (this.#context.options.mode === 'auto' && this.#channelMode !== 'bus') this.#fallBack(reason);
    else if (this.#standing !== 'refused') this.#lose('refused', reason);
  }

  #listen(): void {
    this.#context.open();
    this.#channel = this.#context.makeChannel(this.#channelMode, this.#announcement);
    this.#channel.join(this);
  }

  /** For good: what a server refuses it will hardly permit later, and those who publish must know for whom. */
  #fallBack(reason: string): void {
    if (this.#standing === 'armed') this.#lose('lost', reason);
    void this.#channel?.leave(this);
    this.#mode = undefined;
    this.#channelMode = 'bus';
    this.#listen();
  }

  #lose(standing: 'lost' | 'refused', reason: string): void {
    this.#standing = standing;
    this.#armed.clear();
    this.#losses++;
    this.#tell((listener) => listener.lost(reason));
  }

  async #close(): Promise<void> {
    this.#armed.clear();
    this.#context.closed();
    await this.#channel?.leave(this);
  }

  #watches(key: string): boolean {
    for (const prefix of this.#prefixes) if (key.startsWith(prefix)) return true;
    return false;
  }

  #tell(news: (listener: KeyWatchListener) => void): void {
    if (this.#closing !== undefined) return;
    try {
      news(this.#context.listener);
    } catch (error) {
      process.emitWarning(`A listener for changes of keys threw ${inspect(error)}`);
    }
  }
}
