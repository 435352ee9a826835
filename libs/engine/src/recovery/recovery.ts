import type { Clock, ClockTimer, Random } from '@nest-strata/core';
import type { RedisPort, ServerIdentity } from '@nest-strata/redis';
import type { KeySpace } from '../keys/key-space.js';
import type { Evict } from './evict.js';
import { EvictLog } from './evict-log.js';
import type { FailoverVerdict } from './failover-verdict.js';
import { FailoverWatch } from './failover-watch.js';
import { PendingEvicts } from './pending-evicts.js';
import type { PendingEvictChange } from './pending-evicts.js';
import { retryDelayMs } from './retry-delay.js';

/** What {@link Recovery} works with. */
export interface RecoveryParts {
  readonly redis: RedisPort;
  readonly keySpace: KeySpace;
  readonly clock: Clock;
  readonly random: Random;
  /** Evicts from Redis; resolves once Redis has acknowledged it. */
  readonly attempt: (evict: Evict) => Promise<unknown>;
  /** As in {@link FailoverWatchParts}. */
  readonly readIdentity: () => Promise<ServerIdentity | undefined>;
  /** Told of every change of what is pending, after it. Must not throw. */
  readonly onPendingChange: (change: PendingEvictChange) => void;
  /** Told what Redis was found to have lost, after it was acted upon. Must not throw. */
  readonly onVerdict: (verdict: FailoverVerdict) => void;
  /** Told of a heartbeat or a check that failed; both are repeated. Must not throw. */
  readonly onFault: (operation: 'heartbeat' | 'failover-check', error: unknown) => void;
  /** More pending evicts are replaced by one pending clear. */
  readonly maxPending: number;
  /** How long acknowledged evicts are kept for the case of a failover. */
  readonly failoverWindowMs: number;
}

/** For keys of 50 characters about 5 MB; an empty log takes nothing. */
const MAX_LOGGED_EVICTS = 65_536;

/**
 * Sees to it that no evict of one cache is lost: neither one that Redis did not acknowledge, which is repeated until it
 * does, nor one that it did acknowledge and lost in a failover, which is repeated once that shows.
 *
 * Not guaranteed: the evicts of a process that ended before it could repeat them, unless the server fell back further than
 * the window; then every process that was at work clears the namespace. And another process may serve what a failover
 * brought back until this one, too, is connected again.
 */
export class Recovery {
  /** What is to be asked before anything is served. */
  readonly pending: PendingEvicts;
  readonly #parts: RecoveryParts;
  readonly #log: EvictLog;
  readonly #watch: FailoverWatch;
  #isCertain = true;
  #doubts = 0;
  #isCheckWanted = false;
  #checking: Promise<void> | undefined;
  #failedChecks = 0;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(parts: RecoveryParts) {
    const { redis, keySpace, clock, random } = parts;
    this.#parts = parts;
    this.#log = new EvictLog(parts.failoverWindowMs, MAX_LOGGED_EVICTS);
    this.#watch = new FailoverWatch({
      redis,
      keySpace,
      clock,
      readIdentity: parts.readIdentity,
      windowMs: parts.failoverWindowMs,
    });
    this.pending = new PendingEvicts({
      attempt: async (evict) => {
        await parts.attempt(evict);
        this.#log.append(evict, clock.monotonicMs());
      },
      isReachable: () => redis.state === 'ready',
      toGlob: (glob) => keySpace.glob(glob),
      onChange: parts.onPendingChange,
      clock,
      random,
      maxPending: parts.maxPending,
    });
  }

  /**
   * Whether Redis is known to be the server that it was, or what it has lost is being evicted. While it is not, what
   * Redis has may be older than an evict, and must not be served.
   */
  get isCertain(): boolean {
    return this.#isCertain;
  }

  /** A write of a key, which began at this stamp of {@link pending}, was acknowledged; returns what `supersede` does. */
  keyAcknowledged(key: string, stamp: number, version: string): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#log.appendKey(key, nowMs);
    const isKept = this.pending.isEmpty || this.pending.supersede(key, stamp, version);
    this.active(nowMs);
    return isKept;
  }

  /** Evicts, which began at this stamp of {@link pending}, were acknowledged. */
  acknowledged(evicts: readonly Evict[], stamp: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const evict of evicts) {
      this.#log.append(evict, nowMs);
      if (!this.pending.isEmpty) this.pending.confirm(evict, stamp);
    }
    this.active(nowMs);
  }

  /**
   * To be called whenever the cache is used. Where Redis can be asked, the first call finds out who it is, and later ones
   * leave a heartbeat in it, one in a second.
   */
  active(nowMs: number): void {
    if (this.#isClosed || !this.#isCertain || this.#parts.redis.state !== 'ready') return;
    if (this.#watch.isBeatDue(nowMs)) void this.#beat();
    else if (!this.#watch.hasChecked && this.#checking === undefined) void this.resume();
  }

  /** Redis was lost, or may be another one: until {@link resume} has found out, nothing is certain. */
  doubt(): void {
    if (this.#isClosed) return;
    this.#isCertain = false;
    this.#doubts++;
    if (!this.#log.isEmpty) this.#watch.contactLost();
  }

  /**
   * Redis can be asked, for the first time or again: finds out what it has lost, and has that evicted; then repeats what
   * is pending. Resolves when it is certain again, or the attempt to find out failed, which is repeated by itself.
   */
  resume(): Promise<void> {
    this.#isCheckWanted = true;
    this.#checking ??= this.#findOut();
    return this.#checking;
  }

  /** Repeats what is pending until it is settled, at most for `withinMs`; returns what is left. */
  async close(withinMs: number): Promise<readonly Evict[]> {
    const left = await this.pending.close(withinMs);
    this.#isClosed = true;
    this.#timer?.cancel();
    return left;
  }

  async #findOut(): Promise<void> {
    this.#timer?.cancel();
    try {
      while (this.#isCheckWanted && !this.#isClosed) await this.#check();
    } finally {
      this.#checking = undefined;
    }
    if (this.#watch.hasChecked) this.active(this.#parts.clock.monotonicMs());
  }

  async #check(): Promise<void> {
    this.#isCheckWanted = false;
    const doubts = this.#doubts;
    try {
      this.#act(await this.#watch.check());
    } catch (error) {
      this.#parts.onFault('failover-check', error);
      this.#checkLater();
      return;
    }
    // Redis may be yet another one by now; then whoever said so asks again.
    this.#isCertain = doubts === this.#doubts && !this.#isCheckWanted;
  }

  #checkLater(): void {
    if (this.#isClosed) return;
    const delayMs = retryDelayMs(this.#failedChecks++, this.#parts.random);
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(() => {
      if (this.#parts.redis.state === 'ready') void this.resume();
      else this.#checkLater();
    }, delayMs);
  }

  /** The tombstones stand before anything is served again. */
  #act(verdict: FailoverVerdict): void {
    this.#failedChecks = 0;
    for (const evict of this.#lostBy(verdict)) this.pending.add(evict);
    this.pending.wake();
    this.#parts.onVerdict(verdict);
  }

  #lostBy(verdict: FailoverVerdict): readonly Evict[] {
    if (verdict.kind === 'same') return [];
    const lost = verdict.kind === 'replay' ? this.#log.since(verdict.sinceMs) : 'clear';
    return lost === 'clear' || lost.length > this.#parts.maxPending ? [{ kind: 'clear' }] : lost;
  }

  async #beat(): Promise<void> {
    try {
      if (await this.#watch.beat()) return;
    } catch (error) {
      this.#parts.onFault('heartbeat', error);
      return;
    }
    this.doubt();
    await this.resume();
  }
}
