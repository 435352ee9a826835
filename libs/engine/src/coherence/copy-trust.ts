import { LIVENESS_BOUND_MS } from '../options/cache-options.js';
import type { Coherence } from './coherence.js';
import type { KnownVersions, VersionedCopy } from './known-versions.js';

/** What a copy in memory carries for {@link CopyTrust}. */
export interface TrustMark {
  /** The epoch of {@link WatchedTrust} in which it was read; {@link UNPROVEN}: it is served for a while without proof. */
  readonly epoch: number;
  /** Until when it is served before Redis is asked again. */
  readonly trustedUntilMs: number;
}

/** What decides whether a copy is still what Redis holds. */
export type TrustedCopy = TrustMark & VersionedCopy;

/** Whether a copy was read from Redis, or written there by a `set` or a load of this process. */
export type CopyOrigin = 'read' | 'set' | 'load';

const UNPROVEN = -1;

/** Decides whether what memory holds is still what Redis holds. */
export abstract class CopyTrust {
  /**
   * The mark for a copy of what Redis holds, from a read or write that began at `startedAtMs`; `undefined`: it is not to be
   * kept.
   *
   * @param memoryTtlMs the longest that it may be served without asking Redis
   * @param origin how this process has come by it
   */
  abstract mark(startedAtMs: number, memoryTtlMs: number, origin: CopyOrigin): TrustMark | undefined;

  /** Whether the copy may be served as a hit. */
  abstract holds(copy: TrustedCopy, nowMs: number): boolean;
}

/** For memory that is the authority itself. */
export class FullTrust extends CopyTrust {
  static readonly MARK: TrustMark = { epoch: 0, trustedUntilMs: Infinity };

  override mark(): TrustMark {
    return FullTrust.MARK;
  }

  override holds(): boolean {
    return true;
  }
}

/** For memory over Redis that hears of no changes: a copy is good for the liveness bound. */
export class BriefTrust extends CopyTrust {
  override mark(startedAtMs: number, memoryTtlMs: number): TrustMark {
    return unproven(startedAtMs, memoryTtlMs);
  }

  override holds({ trustedUntilMs }: TrustMark, nowMs: number): boolean {
    return nowMs < trustedUntilMs;
  }
}

/** For memory over Redis that hears of changes: a copy is good while that is provably so. */
export class WatchedTrust extends CopyTrust {
  #epoch = 0;
  #isArmed = false;

  constructor(
    private readonly coherence: Coherence,
    private readonly versions: KnownVersions,
  ) {
    super();
  }

  arm(): void {
    this.#isArmed = true;
  }

  /** What is in memory now is worth nothing until Redis shows it again. */
  distrust(): void {
    this.#isArmed = false;
    this.#epoch++;
  }

  /**
   * A value that a load stored by a script is told to this process, too, so it would not stay; one that was set and not
   * read is not told of where only reads are tracked.
   */
  override mark(startedAtMs: number, memoryTtlMs: number, origin: CopyOrigin): TrustMark | undefined {
    if (!this.#isArmed) return undefined;
    const { mode } = this.coherence;
    if (origin === 'load' && mode !== 'bus') return undefined;
    if (origin === 'set' && mode === 'tracking-reads') return undefined;
    return { epoch: this.#epoch, trustedUntilMs: startedAtMs + memoryTtlMs };
  }

  /** A copy without proof has no versions to compare; it must be younger than what is heard of its tags, and than any gap. */
  override holds(copy: TrustedCopy, nowMs: number): boolean {
    if (nowMs >= copy.trustedUntilMs) return false;
    if (copy.epoch === UNPROVEN) return !this.versions.areForgottenSince(copy.stamp, copy.tags);
    if (copy.epoch !== this.#epoch) return false;
    return nowMs < this.coherence.heardUpToMs + LIVENESS_BOUND_MS && this.versions.areThoseOf(copy);
  }
}

/** The mark of a value that was loaded while Redis was away. */
export function unproven(startedAtMs: number, memoryTtlMs: number): TrustMark {
  return { epoch: UNPROVEN, trustedUntilMs: startedAtMs + Math.min(LIVENESS_BOUND_MS, memoryTtlMs) };
}
