import type { Evict } from './evict.js';
import type { Recovery } from './recovery.js';

/** What must not be served, because Redis may still have it. */
export interface EvictedNames {
  readonly isEmpty: boolean;
  /** How many no longer are among them. */
  readonly settledCount: number;
  blocksKey(key: string): boolean;
  blocksTag(tag: string): boolean;
}

/** Shown in place of a stamp by what does less than the evicts that may be pending. */
export const SETTLES_NOTHING = -1;

/** Keeps account of the evicts of one cache until nobody can serve what they were to remove. */
export abstract class EvictKeeper {
  abstract readonly evicted: EvictedNames;
  /** Whether Redis is the server that it was; while that is not known, nothing of it may be served. */
  abstract readonly isCertain: boolean;

  /** To be taken before a write or an evict is sent, and shown when it was acknowledged. */
  abstract stamp(): number;
  /** Returns `false` if a higher version was to be deleted before: then what was written goes, too. */
  abstract keyAcknowledged(key: string, stamp: number, version: string): boolean;
  /** @param stamp {@link SETTLES_NOTHING} where a copy is left */
  abstract acknowledged(evicts: readonly Evict[], stamp: number): void;
  abstract unacknowledged(evicts: readonly Evict[]): void;
  /** How many evicts wait for Redis, and for how long the oldest has. */
  abstract readonly waiting: { readonly count: number; readonly oldestAgeMs: number };
  /** Repeats what waits until it is settled, at most for `withinMs`. */
  abstract close(withinMs: number): Promise<void>;
  /** The cache is in use. */
  abstract active(nowMs: number): void;
}

const NOTHING_EVICTED: EvictedNames = {
  isEmpty: true,
  settledCount: 0,
  blocksKey: () => false,
  blocksTag: () => false,
};

/** For a cache that is its own authority: what is evicted is gone. */
export class NothingToKeep extends EvictKeeper {
  override readonly evicted = NOTHING_EVICTED;
  override readonly isCertain = true;

  override stamp(): number {
    return 0;
  }

  override keyAcknowledged(): boolean {
    return true;
  }

  override acknowledged(): void {
    // Nothing is kept.
  }

  override unacknowledged(): void {
    // Memory acknowledges everything.
  }

  override readonly waiting = { count: 0, oldestAgeMs: 0 };

  override async close(): Promise<void> {
    // Nothing waits.
  }

  override active(): void {
    // Nobody asks.
  }
}

/** For a cache over Redis. */
export class RedisEvictKeeper extends EvictKeeper {
  override readonly evicted: EvictedNames;

  constructor(
    private readonly recovery: Recovery,
    /** Told at the end how many evicts are left unsettled. */
    private readonly onClosed: (left: number) => void,
  ) {
    super();
    this.evicted = recovery.pending;
  }

  override get isCertain(): boolean {
    return this.recovery.isCertain;
  }

  override stamp(): number {
    return this.recovery.pending.stamp();
  }

  override keyAcknowledged(key: string, stamp: number, version: string): boolean {
    return this.recovery.keyAcknowledged(key, stamp, version);
  }

  override acknowledged(evicts: readonly Evict[], stamp: number): void {
    this.recovery.acknowledged(evicts, stamp);
  }

  override unacknowledged(evicts: readonly Evict[]): void {
    for (const evict of evicts) this.recovery.pending.add(evict);
  }

  override get waiting(): { count: number; oldestAgeMs: number } {
    const { count, oldestAgeMs } = this.recovery.pending;
    return { count, oldestAgeMs };
  }

  override async close(withinMs: number): Promise<void> {
    const left = await this.recovery.close(withinMs);
    this.onClosed(left.length);
  }

  override active(nowMs: number): void {
    this.recovery.active(nowMs);
  }
}
