import type { RedisLink, RedisLinkContext } from '../connection/redis-link.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { Heartbeat } from '../watch/heartbeat.js';
import { isRefusal } from '../watch/refusal.js';
import { SubscriberLink } from '../watch/subscriber-link.js';
import { FollowedNames } from './followed-names.js';
import type { RedisSubscription } from './redis-subscription.js';
import type { Topics } from './subscription.port.js';

/** An answer that takes longer than so many heartbeats is overdue. */
const HEARTBEATS_UNTIL_OVERDUE = 2;
/** A longer `SUBSCRIBE` is split, so that other clients of the server get their turn in between. */
const MAX_NAMES_PER_COMMAND = 500;

/** Commands of ioredis, which knows them in lower case only. */
const COMMANDS = {
  channels: { follow: 'subscribe', unfollow: 'unsubscribe' },
  patterns: { follow: 'psubscribe', unfollow: 'punsubscribe' },
} as const;
const KINDS = ['channels', 'patterns'] as const;
type Kind = (typeof KINDS)[number];

/** The connection over which all subscriptions of a port listen. */
export class Subscriber {
  readonly #subscriptions = new Set<RedisSubscription>();
  readonly #names = {
    channels: new FollowedNames<RedisSubscription>(),
    patterns: new FollowedNames<RedisSubscription>(),
  };
  readonly #link: SubscriberLink;
  readonly #heartbeat: Heartbeat;
  #heartbeatMs = Infinity;
  #isSyncing = false;

  constructor(context: RedisLinkContext) {
    this.#heartbeat = new Heartbeat({
      clock: context.clock,
      everyMs: () => this.#heartbeatMs,
      prove: () => this.#link.ping(),
      failed: () => undefined, // the connection was replaced, and that is told as a loss
    });
    this.#link = new SubscriberLink(context, {
      role: 'subscribe',
      timeoutMs: () => this.#timeoutMs(),
      connected: () => this.#connected(),
      begin: (link) => this.#sync(link),
      begun: () => this.#tellArmed(),
      message: (payload, channel, pattern) => this.#deliver(payload, channel, pattern),
      lost: (reason) => this.#lose(reason),
      refused: () => undefined, // told to those whom it concerns
    });
  }

  /** As `Subscription.heardUpToMs`. */
  get heardUpToMs(): number {
    return this.#heartbeat.heardUpToMs;
  }

  get isUsed(): boolean {
    return this.#subscriptions.size > 0;
  }

  follow(subscription: RedisSubscription, topics: Required<Topics>): void {
    this.#subscriptions.add(subscription);
    this.#heartbeatMs = Math.min(...[...this.#subscriptions].map(({ heartbeatMs }) => heartbeatMs));
    for (const kind of KINDS) for (const name of topics[kind]) this.#names[kind].add(name, subscription);
    this.#link.open();
    this.#update();
  }

  unfollow(subscription: RedisSubscription, topics: Required<Topics>): void {
    for (const kind of KINDS) for (const name of topics[kind]) this.#names[kind].remove(name, subscription);
    this.#update();
  }

  /** Ends a subscription, and the connection with the last one. */
  async leave(subscription: RedisSubscription): Promise<void> {
    this.unfollow(subscription, subscription.topics);
    if (!this.#subscriptions.delete(subscription) || this.isUsed) return;
    this.#heartbeat.stop();
    await this.#link.close();
  }

  #timeoutMs(): number {
    return HEARTBEATS_UNTIL_OVERDUE * this.#heartbeatMs;
  }

  /** All that is followed and unfollowed in one tick is sent together. */
  #update(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    queueMicrotask(() => {
      this.#isSyncing = false;
      if (this.isUsed) this.#link.update();
    });
  }

  #connected(): void {
    for (const kind of KINDS) this.#names[kind].forgetSent();
    // A first proof that fails has replaced the connection, which is told as a loss.
    this.#heartbeat.start().catch(() => undefined);
  }

  /** Tells Redis what has changed. */
  async #sync(link: RedisLink): Promise<void> {
    const outcomes = await Promise.allSettled(KINDS.flatMap((kind) => [this.#drop(link, kind), this.#add(link, kind)]));
    const faults = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }): unknown => reason);
    if (faults.length === 0) return;
    this.#tellArmed();
    throw faults.find((fault) => !isRefusal(fault)) ?? faults[0];
  }

  async #drop(link: RedisLink, kind: Kind): Promise<void> {
    const names = this.#names[kind].takeSuperfluous();
    const commands = chunksOf(names).map((chunk) => link.ask(COMMANDS[kind].unfollow, chunk, this.#timeoutMs()));
    await Promise.all(commands);
  }

  async #add(link: RedisLink, kind: Kind): Promise<void> {
    const missing = this.#names[kind].takeMissing();
    const outcomes = await Promise.allSettled(
      chunksOf([...missing.keys()]).map((names) => this.#subscribe(link, kind, names, missing)),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** A command is refused as a whole, for the sake of one name: then it is halved, so that the others are heard. */
  async #subscribe(
    link: RedisLink,
    kind: Kind,
    names: readonly string[],
    missing: ReturnType<FollowedNames<RedisSubscription>['takeMissing']>,
  ): Promise<void> {
    try {
      await link.ask(COMMANDS[kind].follow, [...names], this.#timeoutMs());
    } catch (error) {
      if (error instanceof RedisReplyError && names.length > 1) {
        const middle = Math.ceil(names.length / 2);
        const halves = [names.slice(0, middle), names.slice(middle)];
        const outcomes = await Promise.allSettled(halves.map((half) => this.#subscribe(link, kind, half, missing)));
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
        return;
      }
      this.#forget(kind, names, missing, error);
      throw error;
    }
    for (const name of names) {
      const sent = missing.get(name);
      if (sent !== undefined) sent.isHeard = true;
    }
  }

  #forget(
    kind: Kind,
    names: readonly string[],
    missing: ReturnType<FollowedNames<RedisSubscription>['takeMissing']>,
    error: unknown,
  ): void {
    for (const name of names) {
      const sent = missing.get(name);
      if (sent !== undefined) this.#names[kind].giveBack(name, sent);
      if (!(error instanceof RedisReplyError) || !isRefusal(error)) continue;
      for (const subscription of this.#names[kind].followersOf(name)) subscription.refused(error.message);
    }
  }

  #tellArmed(): void {
    for (const subscription of [...this.#subscriptions]) {
      const { topics } = subscription;
      if (KINDS.every((kind) => topics[kind].every((name) => this.#names[kind].isHeard(name)))) subscription.armed();
    }
  }

  /** The names come as `Buffer`, but for patterns, which ioredis makes a string of. */
  #deliver(payload: unknown, channelName: unknown, patternName: unknown): void {
    if (!Buffer.isBuffer(payload)) return;
    const channel = nameOf(channelName);
    const pattern = patternName === undefined ? undefined : nameOf(patternName);
    const followers =
      pattern === undefined ? this.#names.channels.followersOf(channel) : this.#names.patterns.followersOf(pattern);
    for (const subscription of followers) subscription.message(channel, payload, pattern);
  }

  #lose(reason: string): void {
    this.#heartbeat.stop();
    for (const subscription of [...this.#subscriptions]) subscription.lost(reason);
  }
}

function nameOf(given: unknown): string {
  return Buffer.isBuffer(given) ? given.toString() : typeof given === 'string' ? given : '';
}

function chunksOf(names: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < names.length; start += MAX_NAMES_PER_COMMAND) {
    chunks.push(names.slice(start, start + MAX_NAMES_PER_COMMAND));
  }
  return chunks;
}
