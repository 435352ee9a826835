import type { RedisLinkContext } from '../connection/redis-link.js';
import { InvalidRedisOptionsError } from '../errors/invalid-redis-options.error.js';
import { RedisSubscription } from './redis-subscription.js';
import { Subscriber } from './subscriber.js';
import type { Subscription, SubscriptionListener, SubscriptionOptions } from './subscription.port.js';

const DEFAULT_HEARTBEAT_MS = 1_000;
const MAX_HEARTBEAT_MS = 10 * 60_000;

/** The subscriptions of a port. They share one connection, which is there while somebody listens. */
export class Subscriptions {
  readonly #context: RedisLinkContext;
  readonly #subscriptions = new Set<RedisSubscription>();
  #subscriber: Subscriber | undefined;
  #isClosed = false;

  constructor(context: RedisLinkContext) {
    this.#context = context;
  }

  /** @throws InvalidRedisOptionsError when `heartbeatMs` is no time */
  subscribe(listener: SubscriptionListener, options: SubscriptionOptions = {}): Subscription {
    const subscription = new RedisSubscription({
      listener,
      heartbeatMs: checkHeartbeat(options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS),
      heardUpToMs: () => this.#subscriber?.heardUpToMs ?? -Infinity,
      followed: (self, topics) => {
        this.#subscriber ??= new Subscriber(this.#context);
        this.#subscriber.follow(self, topics);
      },
      unfollowed: (self, topics) => this.#subscriber?.unfollow(self, topics),
      closed: (self) => this.#end(self),
    });
    this.#subscriptions.add(subscription);
    if (this.#isClosed) void subscription.close();
    return subscription;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
  }

  async #end(subscription: RedisSubscription): Promise<void> {
    this.#subscriptions.delete(subscription);
    const subscriber = this.#subscriber;
    const left = subscriber?.leave(subscription);
    if (subscriber?.isUsed === false) this.#subscriber = undefined;
    await left;
  }
}

function checkHeartbeat(ms: number): number {
  if (Number.isFinite(ms) && ms >= 1 && ms <= MAX_HEARTBEAT_MS) return ms;
  const message = `is ${String(ms)}. Give milliseconds from 1 to ${MAX_HEARTBEAT_MS}`;
  throw new InvalidRedisOptionsError([{ path: 'heartbeatMs', message }]);
}
