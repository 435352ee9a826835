import type { Clock, ClockTimer, Random } from '@nest-strata/core';
import { isCacheFault } from '../authority/cache-fault.js';
import type { KeyGlob } from '../keys/key-glob.js';
import { AttemptLane } from './attempt-lane.js';
import type { Evict } from './evict.js';
import { covers, merged, permits } from './merged-evicts.js';
import { MAX_RETRY_DELAY_MS, retryDelayMs } from './retry-delay.js';
import { Tombstones } from './tombstones.js';
import type { Tombstone } from './tombstones.js';

/** What became of evicts that Redis did not acknowledge. */
export type PendingEvictChange =
  /** It is pending, and nothing like it was. */
  | { readonly kind: 'added'; readonly evict: Evict }
  /** It is no longer: Redis acknowledged it or what makes it needless. */
  | { readonly kind: 'settled'; readonly evict: Evict }
  /** There were too many: one clear stands for all of them now. */
  | { readonly kind: 'collapsed'; readonly count: number }
  /** Its attempt failed by a mistake and is not repeated until Redis comes back; its tombstone stands. */
  | { readonly kind: 'abandoned'; readonly evict: Evict; readonly error: unknown };

/** What {@link PendingEvicts} works with. */
export interface PendingEvictsParts {
  /** Evicts from Redis; resolves once Redis has acknowledged it. */
  readonly attempt: (evict: Evict) => Promise<unknown>;
  /** Whether Redis can be asked right now; while it cannot, nothing is attempted. */
  readonly isReachable: () => boolean;
  /** What a user's pattern matches. */
  readonly toGlob: (glob: string) => KeyGlob;
  /** Told of every change, after it. Must not throw. */
  readonly onChange: (change: PendingEvictChange) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** More are replaced by one pending clear. */
  readonly maxPending: number;
}

interface PendingEvict extends Tombstone {
  /** In a row. */
  failures: number;
  /** When it is to be attempted again; `Infinity`: it is under way, or abandoned. */
  dueMs: number;
  isUnderWay: boolean;
}

/** As many go to Redis in one batch. */
const MAX_ATTEMPTS_AT_ONCE = 64;
/** Each walks through all keys of the server: they have a lane of their own, in which they delay nobody else. */
const MAX_PATTERNS_AT_ONCE = 2;
/** Every read is matched against all of them. */
const MAX_PENDING_PATTERNS = 100;
/** Attempts that are due within this time are made together. */
const TICK_MS = 20;

/**
 * The evicts that Redis did not acknowledge: refused, or without an answer in time, so that nobody knows whether they
 * were carried out.
 *
 * Each is a tombstone from the moment at which it is added: this process must serve no copy that it concerns, of its own
 * or of Redis'. Each is repeated on its own, whatever becomes of the others, until Redis acknowledges it or something newer
 * makes it needless, however long that takes: nobody here can know how long the copies of other processes live.
 *
 * Whether something is newer is told by stamps: an operation takes {@link stamp} when it begins, and lifts with it, once
 * it is acknowledged, only tombstones that were put up before it began. So an evict that fails is not lifted by the late
 * acknowledgement of one that Redis had carried out earlier.
 */
export class PendingEvicts {
  readonly #parts: PendingEvictsParts;
  readonly #stones: Tombstones<PendingEvict>;
  readonly #lane = new AttemptLane(MAX_ATTEMPTS_AT_ONCE);
  readonly #patternLane = new AttemptLane(MAX_PATTERNS_AT_ONCE);
  #order = 0;
  #settledCount = 0;
  #timer: ClockTimer | undefined;
  #timerDueMs = Infinity;
  #closing: Promise<readonly Evict[]> | undefined;
  #isClosed = false;
  #becameEmpty = (): void => undefined;

  constructor(parts: PendingEvictsParts) {
    this.#parts = parts;
    this.#stones = new Tombstones(parts.toGlob);
  }

  /** Whether nothing is pending, so that nothing else need be asked; costs nothing. */
  get isEmpty(): boolean {
    return this.#stones.size === 0;
  }

  /** How many were settled since the start: a read that saw tombstones and began before is told by that they have gone. */
  get settledCount(): number {
    return this.#settledCount;
  }

  /** How many are pending. */
  get count(): number {
    return this.#stones.size;
  }

  /** How long the one that was added first has been waiting; adding it again does not make it younger. 0: none is. */
  get oldestAgeMs(): number {
    const sinceMs = this.#stones.oldestSinceMs();
    return sinceMs === undefined ? 0 : this.#parts.clock.monotonicMs() - sinceMs;
  }

  /** Whether no copy under this key may be served, as far as the key tells; ask {@link blocksTag} of its tags, too. */
  blocksKey(key: string): boolean {
    return this.#stones.blocksKey(key);
  }

  /** Whether no copy that carries this tag may be served. */
  blocksTag(tag: string): boolean {
    return this.#stones.blocksTag(tag);
  }

  /** To be taken when a write, a load or an evict begins, for {@link supersede} and {@link confirm}. */
  stamp(): number {
    return this.#order;
  }

  /**
   * Takes in an evict that was not acknowledged. The same once more begins anew: only what starts from now on settles it.
   *
   * @throws InvalidGlobError when it is a malformed pattern
   */
  add(evict: Evict): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const older = this.#stones.get(evict);
    this.#put(older === undefined ? evict : merged(older.evict, evict), {
      sinceMs: older?.sinceMs ?? nowMs,
      // Adding again and again must not put the next attempt off again and again.
      dueMs: Math.min(nowMs + retryDelayMs(0, this.#parts.random), older?.dueMs ?? Infinity),
    });
    if (older === undefined) this.#parts.onChange({ kind: 'added', evict });
    if (this.count > this.#parts.maxPending || this.#stones.patternCount > MAX_PENDING_PATTERNS) this.#collapse();
  }

  /**
   * A write of the key that began at `stamp` was acknowledged: the copy that was to be evicted is no longer there.
   * Returns `false` if a higher version was to be deleted before: then what was written goes, too.
   */
  supersede(key: string, stamp: number, version: string): boolean {
    const stone = this.#stones.getKey(key);
    if (stone === undefined || stone.order > stamp) return true;
    if (!permits(stone.evict, version)) return false;
    this.#settle(stone);
    return true;
  }

  /**
   * An evict that began at `stamp` was acknowledged, here or elsewhere in this process. A clear makes all others needless
   * but those that leave a floor.
   */
  confirm(evict: Evict, stamp: number): void {
    const same = this.#stones.get(evict);
    const concerned = evict.kind === 'clear' ? [...this.#stones.all()] : same === undefined ? [] : [same];
    for (const stone of concerned) if (stone.order <= stamp && covers(evict, stone.evict)) this.#settle(stone);
  }

  /** Redis is back: attempts all now, in bounded batches, and begins anew with their delays. */
  wake(): void {
    for (const stone of this.#stones.all()) {
      stone.failures = 0;
      this.#tryNow(stone);
    }
  }

  /**
   * Attempts all until they are settled, at most for `withinMs`; then stops. Returns those that are left, which are lost
   * with this process; their tombstones stand.
   */
  close(withinMs: number): Promise<readonly Evict[]> {
    this.#closing ??= this.#drain(withinMs);
    return this.#closing;
  }

  async #drain(withinMs: number): Promise<readonly Evict[]> {
    this.wake();
    if (!this.isEmpty) await this.#untilEmpty(withinMs);
    this.#isClosed = true;
    this.#stopTimer();
    return Array.from(this.#stones.all(), ({ evict }) => evict);
  }

  #untilEmpty(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(resolve, timeoutMs);
      this.#becameEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #put(evict: Evict, times: Pick<PendingEvict, 'sinceMs' | 'dueMs'>): void {
    const order = ++this.#order;
    this.#stones.put({ evict, order, failures: 0, isUnderWay: false, ...times });
    this.#wakeUpAt(times.dueMs);
  }

  /** Their floors go with them: to keep those would be to keep as many. */
  #collapse(): void {
    const stones = [...this.#stones.all()];
    for (const stone of stones) this.#stones.remove(stone);
    this.#put(
      { kind: 'clear' },
      {
        sinceMs: stones.reduce((ms, { sinceMs }) => Math.min(ms, sinceMs), Infinity),
        dueMs: this.#parts.clock.monotonicMs() + retryDelayMs(0, this.#parts.random),
      },
    );
    this.#parts.onChange({ kind: 'collapsed', count: stones.length });
  }

  #settle(stone: PendingEvict): void {
    this.#stones.remove(stone);
    this.#settledCount++;
    if (this.isEmpty) this.#stopTimer();
    this.#parts.onChange({ kind: 'settled', evict: stone.evict });
    if (this.isEmpty) this.#becameEmpty();
  }

  #tryNow(stone: PendingEvict): void {
    stone.dueMs = Infinity;
    if (stone.isUnderWay) return;
    stone.isUnderWay = true;
    void this.#takeTurn(stone);
  }

  /** Never rejects. */
  async #takeTurn(stone: PendingEvict): Promise<void> {
    const lane = stone.evict.kind === 'pattern' ? this.#patternLane : this.#lane;
    const isToBeRepeated = await lane.run(() => this.#attempt(stone));
    stone.isUnderWay = false;
    // Something newer may have taken its place, or have made it needless, while it was under way.
    if (!isToBeRepeated || !this.#stones.has(stone)) return;
    stone.dueMs = this.#parts.clock.monotonicMs() + retryDelayMs(stone.failures++, this.#parts.random);
    this.#wakeUpAt(stone.dueMs);
  }

  /** Returns whether it is to be repeated. */
  async #attempt(stone: PendingEvict): Promise<boolean> {
    if (this.#isClosed || !this.#stones.has(stone)) return false;
    if (!this.#parts.isReachable()) return true;
    const stamp = this.stamp();
    try {
      await this.#parts.attempt(stone.evict);
    } catch (error) {
      if (isCacheFault(error)) return true;
      this.#parts.onChange({ kind: 'abandoned', evict: stone.evict, error });
      return false;
    }
    this.confirm(stone.evict, stamp);
    return false;
  }

  #wakeUpAt(dueMs: number): void {
    if (this.#isClosed || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#parts.clock.setTimer(this.#tick, dueMs - this.#parts.clock.monotonicMs());
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timerDueMs = Infinity;
  }

  readonly #tick = (): void => {
    this.#timerDueMs = Infinity;
    const nowMs = this.#parts.clock.monotonicMs();
    const isReachable = this.#parts.isReachable();
    const attemptFromMs = isReachable ? nowMs : nowMs + MAX_RETRY_DELAY_MS;
    let nextMs = Infinity;
    for (const stone of this.#stones.all()) {
      if (isReachable && stone.dueMs <= nowMs) this.#tryNow(stone);
      nextMs = Math.min(nextMs, Math.max(stone.dueMs, attemptFromMs));
    }
    if (nextMs < Infinity) this.#wakeUpAt(Math.max(nextMs, nowMs + TICK_MS));
  };
}
