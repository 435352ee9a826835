import { inspect } from 'node:util';
import { Subscription, type SubscriptionListener, type Topics } from './subscription.port.js';

/** What a {@link RedisSubscription} takes from who makes it. */
export interface RedisSubscriptionContext {
  readonly heartbeatMs: number;
  readonly listener: SubscriptionListener;
  readonly heardUpToMs: () => number;
  readonly followed: (subscription: RedisSubscription, topics: Required<Topics>) => void;
  readonly unfollowed: (subscription: RedisSubscription, topics: Required<Topics>) => void;
  readonly closed: (subscription: RedisSubscription) => Promise<void>;
}

/** Where a subscription stands: it has not heard anything yet, hears all, is about to hear more, hears no more, or may not. */
type Standing = 'new' | 'armed' | 'growing' | 'lost' | 'refused';

/** {@link Subscription} over the connection that all subscriptions of a port share. */
export class RedisSubscription extends Subscription {
  readonly #context: RedisSubscriptionContext;
  readonly #channels = new Set<string>();
  readonly #patterns = new Set<string>();
  #standing: Standing = 'new';
  #losses = 0;
  #closing: Promise<void> | undefined;

  constructor(context: RedisSubscriptionContext) {
    super();
    this.#context = context;
  }

  override get isArmed(): boolean {
    return this.#standing === 'armed';
  }

  override get heardUpToMs(): number {
    return this.isArmed ? this.#context.heardUpToMs() : -Infinity;
  }

  override get losses(): number {
    return this.#losses;
  }

  get heartbeatMs(): number {
    return this.#context.heartbeatMs;
  }

  get topics(): Required<Topics> {
    return { channels: [...this.#channels], patterns: [...this.#patterns] };
  }

  override follow({ channels = [], patterns = [] }: Topics): void {
    if (this.#closing !== undefined) return;
    const news = { channels: addAll(this.#channels, channels), patterns: addAll(this.#patterns, patterns) };
    if (news.channels.length + news.patterns.length === 0) return;
    if (this.#standing === 'armed') this.#standing = 'growing';
    this.#context.followed(this, news);
  }

  override unfollow({ channels = [], patterns = [] }: Topics): void {
    if (this.#closing !== undefined) return;
    const gone = { channels: removeAll(this.#channels, channels), patterns: removeAll(this.#patterns, patterns) };
    if (gone.channels.length + gone.patterns.length > 0) this.#context.unfollowed(this, gone);
  }

  override close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#standing = 'lost';
      this.#closing = this.#context.closed(this);
    }
    return this.#closing;
  }

  message(channel: string, payload: Buffer, pattern: string | undefined): void {
    this.#tell((listener) => listener.message(channel, payload, pattern));
  }

  armed(): void {
    if (this.#standing === 'armed' || this.#channels.size + this.#patterns.size === 0) return;
    this.#standing = 'armed';
    this.#tell((listener) => listener.armed());
  }

  lost(reason: string): void {
    if (this.#standing !== 'lost' && this.#standing !== 'refused') this.#lose('lost', reason);
  }

  refused(reason: string): void {
    if (this.#standing !== 'refused') this.#lose('refused', reason);
  }

  #lose(standing: 'lost' | 'refused', reason: string): void {
    this.#standing = standing;
    this.#losses++;
    this.#tell((listener) => listener.lost(reason));
  }

  #tell(news: (listener: SubscriptionListener) => void): void {
    if (this.#closing !== undefined) return;
    try {
      news(this.#context.listener);
    } catch (error) {
      process.emitWarning(`A listener for what is published threw ${inspect(error)}`);
    }
  }
}

/** Adds names, and gives those that were not there. */
function addAll(known: Set<string>, names: readonly string[]): string[] {
  const news = [...new Set(names)].filter((name) => !known.has(name));
  for (const name of news) known.add(name);
  return news;
}

/** Removes names, and gives those that were there. */
function removeAll(known: Set<string>, names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => known.delete(name));
}
