import type { RedisLink, RedisLinkContext } from '../connection/redis-link.js';
import { Heartbeat } from './heartbeat.js';

/** Somebody who wants to hear what comes over a {@link KeyChannel}. */
export interface KeyChannelMember {
  readonly prefixes: Iterable<string>;
  readonly heartbeatMs: number;
  /** Keys that may have changed, also some with other prefixes. */
  changed(redisKeys: readonly string[]): void;
  /** From now on the changes of keys with these prefixes are heard. */
  armed(isHeard: (prefix: string) => boolean): void;
  /** Changes were or are missed. */
  lost(reason: string): void;
  /** The server does not want to be listened to in this way. */
  refused(reason: string): void;
}

/** What a channel takes from the port. */
export interface KeyChannelContext {
  /** For a connection of its own. */
  readonly link: RedisLinkContext;
  /** The connections of the port over which batches can be sent now. */
  readonly readyLinks: () => readonly RedisLink[];
}

/** An answer that takes longer than so many heartbeats is overdue. */
const HEARTBEATS_UNTIL_OVERDUE = 2;

/** A way in which changes of keys become known, for one or several who listen. */
export abstract class KeyChannel {
  readonly #members = new Set<KeyChannelMember>();
  readonly #closed: () => void;
  #heartbeatMs = Infinity;
  protected readonly context: KeyChannelContext;
  protected readonly heartbeat: Heartbeat;

  /** `closed` is called when the last member has left. */
  constructor(context: KeyChannelContext, closed: () => void) {
    this.context = context;
    this.#closed = closed;
    this.heartbeat = new Heartbeat({
      clock: context.link.clock,
      everyMs: () => this.#heartbeatMs,
      prove: () => this.prove(),
      failed: (error) => this.heartbeatFailed(error),
    });
  }

  /** As `KeyWatch.heardUpToMs`. */
  get heardUpToMs(): number {
    return this.heartbeat.heardUpToMs;
  }

  /** As `KeyWatch.lagMs`. */
  get lagMs(): number | undefined {
    return this.heartbeat.lagMs;
  }

  /** Starts listening for a member. */
  join(member: KeyChannelMember): void {
    this.#members.add(member);
    this.#heartbeatMs = Math.min(this.#heartbeatMs, member.heartbeatMs);
    this.update();
  }

  /** A member tells nothing more after that; the channel closes after its last one. */
  async leave(member: KeyChannelMember): Promise<void> {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#closed();
    this.heartbeat.stop();
    await this.close();
  }

  /** To be called when a member wants to hear of more prefixes. */
  abstract update(): void;

  protected abstract prove(): Promise<void>;
  protected abstract heartbeatFailed(error: unknown): void;
  protected abstract close(): Promise<void>;

  protected get isUsed(): boolean {
    return this.#members.size > 0;
  }

  protected timeoutMs(): number {
    return HEARTBEATS_UNTIL_OVERDUE * this.#heartbeatMs;
  }

  protected wantedPrefixes(): string[] {
    return [...this.#members].flatMap(({ prefixes }) => [...prefixes]);
  }

  protected tell(news: (member: KeyChannelMember) => void): void {
    for (const member of [...this.#members]) news(member);
  }
}
