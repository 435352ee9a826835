import { SystemClock, SystemRandom } from '@nest-strata/core';
import type { Clock, Duration, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidLockOptionsError } from './errors/invalid-lock-options.error.js';
import { LockContendedError } from './errors/lock-contended.error.js';
import { LockLostError } from './errors/lock-lost.error.js';
import { LockReentryError } from './errors/lock-reentry.error.js';
import { LockUnavailableError, toLockUnavailable } from './errors/lock-unavailable.error.js';
import type { HeldLock, LockTicket } from './held/held-lock.js';
import { HeldLocks } from './held/held-locks.js';
import type { Lock } from './held/lock.js';
import { LockSet } from './held/lock-set.js';
import { LockEvents } from './lock-event.js';
import type { LockListener } from './lock-event.js';
import { LockKeySpace } from './lock-keys.js';
import type { LockTaker } from './lock-taker.js';
import type { AcquireOptions, LockServiceOptions, WithLockOptions } from './options/lock-options.js';
import { resolveLockDefaults, resolveLockRequest, resolveTtl } from './options/lock-request.js';
import type { LockDefaults, LockRequest } from './options/lock-request.js';
import { ReadWriteLock } from './read-write-lock.js';
import type { ForceReleaseReply } from './scripts/force-release.script.js';
import type { LockState } from './scripts/inspect-lock.script.js';
import { Semaphore } from './semaphore.js';
import { AbandonedLocks } from './waiting/abandoned-locks.js';
import { LockAcquisition } from './waiting/lock-acquisition.js';
import { LockCommands } from './waiting/lock-commands.js';
import { LockInbox } from './waiting/lock-inbox.js';

/** What a `LockService` works with; what is left out is that of the machine. */
export interface LockServiceParts {
  /** Stays the caller's to close. */
  readonly redis: RedisPort;
  readonly clock?: Clock;
  readonly random?: Random;
}

type KeyOrKeys = string | readonly string[];
type LockOf<Keys extends KeyOrKeys> = Keys extends string ? Lock : LockSet;
type Task<Held, Result> = (lock: Held) => Result | Promise<Result>;

const DEFAULT_CLOSE: Duration = '5s';

/**
 * Locks that several processes share, on one Redis (or a primary with replicas).
 *
 * While Redis keeps its memory and its clock is not set forward, nobody else has an exclusive lock as long as `isHeld`
 * says that it is held. A failover can give it to two: then the fencing token of the later one is higher, if the new
 * primary's clock is not behind by more than the failover took. Who waits gets it in the order of its coming.
 */
export class LockService {
  readonly #clock: Clock;
  readonly #keySpace: LockKeySpace;
  readonly #defaults: LockDefaults;
  readonly #commands: LockCommands;
  readonly #inbox: LockInbox;
  readonly #random: Random;
  readonly #abandoned: AbandonedLocks;
  readonly #held: HeldLocks;
  readonly #events = new LockEvents();
  /** The locks that code runs under. */
  readonly #context = new AsyncLocalStorage<readonly Lock[]>();
  readonly #closing = new AbortController();
  readonly #process: string;
  readonly #taker: LockTaker = {
    acquire: (key, options) => this.acquire(key, options),
    tryAcquire: (key, options) => this.tryAcquire(key, options),
    withLock: (key, options, task) => this.withLock(key, options, task),
  };
  #issued = 0;

  /** @throws InvalidLockOptionsError */
  static create(options: LockServiceOptions, parts: LockServiceParts): LockService {
    return new LockService(options, parts);
  }

  private constructor(options: LockServiceOptions, parts: LockServiceParts) {
    const { redis, clock = new SystemClock(), random = new SystemRandom() } = parts;
    const keySpace = new LockKeySpace(options.namespace);
    this.#keySpace = keySpace;
    this.#defaults = resolveLockDefaults(options);
    this.#clock = clock;
    this.#random = random;
    this.#process = random.bytes(8).toString('hex');
    this.#commands = new LockCommands(redis, keySpace);
    this.#inbox = new LockInbox(redis, keySpace.channels + this.#process);
    this.#abandoned = new AbandonedLocks(clock, this.#commands);
    this.#held = new HeldLocks({
      clock,
      commands: this.#commands,
      inbox: this.#inbox,
      abandoned: this.#abandoned,
      events: this.#events,
    });
  }

  /**
   * Takes the lock of a key, or those of several keys one after the other, sorted, so that no two can wait for each other;
   * it has all of them or none. Release it in the end.
   *
   * @throws LockContendedError with `{ wait: 'none' }`, LockTimeoutError, LockUnavailableError, LockReentryError,
   * InvalidLockOptionsError, or the reason of the signal
   */
  async acquire<const Keys extends KeyOrKeys>(keys: Keys, options: AcquireOptions = {}): Promise<LockOf<Keys>> {
    const request = resolveLockRequest(options, this.#defaults);
    const several = Array.isArray(keys) ? sortedKeys(keys as readonly string[]) : undefined;
    for (const key of several ?? [keys as string]) this.#check(key, request);
    const held = several === undefined ? this.#acquireOne(keys as string, request) : this.#acquireAll(several, request);
    return (await held) as LockOf<Keys>;
  }

  /**
   * As {@link acquire} without waiting.
   *
   * @returns `undefined` when it is taken, or others wait for it
   */
  async tryAcquire<const Keys extends KeyOrKeys>(
    keys: Keys,
    options: Omit<AcquireOptions, 'wait'> = {},
  ): Promise<LockOf<Keys> | undefined> {
    try {
      return await this.acquire(keys, { ...options, wait: 'none' });
    } catch (error) {
      if (error instanceof LockContendedError) return undefined;
      throw error;
    }
  }

  /**
   * Runs a function under a lock, or under several, and gives back the lock whatever comes of it. A lock that Redis cannot
   * be told of ends by itself with its ttl: that is an event, no error.
   *
   * @returns what the function returns
   * @throws what the function throws; else LockLostError when the lock was lost before the function ended, though its
   * work may be done; before it is called, as {@link acquire}
   */
  withLock<const Keys extends KeyOrKeys, Result>(keys: Keys, task: Task<LockOf<Keys>, Result>): Promise<Result>;
  withLock<const Keys extends KeyOrKeys, Result>(
    keys: Keys,
    options: WithLockOptions,
    task: Task<LockOf<Keys>, Result>,
  ): Promise<Result>;
  async withLock<const Keys extends KeyOrKeys, Result>(
    keys: Keys,
    ...rest: [Task<LockOf<Keys>, Result>] | [WithLockOptions, Task<LockOf<Keys>, Result>]
  ): Promise<Result> {
    const [options, task] = rest.length === 1 ? [{}, rest[0]] : rest;
    if (options.reenter !== undefined) return task(this.#heldBefore(keys, options.reenter) as LockOf<Keys>);
    const held = await this.acquire(keys, options);
    const locks: readonly Lock[] = held instanceof LockSet ? held.locks : [held];
    let result: Result;
    try {
      result = await this.#context.run([...(this.#context.getStore() ?? []), ...locks], async () => task(held));
    } catch (error) {
      await this.#giveBack(held);
      throw error;
    }
    const lost = locks.map(toLoss).find((loss) => loss !== undefined);
    await this.#giveBack(held);
    if (lost !== undefined) throw lost;
    return result;
  }

  /** The lock of `key` that the calling code runs under, by {@link withLock} or `@Locked`; without a key the innermost. */
  current(key?: string): Lock | undefined {
    return this.#context.getStore()?.findLast((lock) => lock.isHeld && (key === undefined || lock.key === key));
  }

  /**
   * Goes on holding a lock that another process detached, or that a process held which died: within its ttl.
   *
   * @throws LockLostError when it is held no longer; LockUnavailableError; InvalidLockOptionsError
   */
  async restore(ticket: LockTicket, options: Pick<AcquireOptions, 'ttl' | 'renew'> = {}): Promise<Lock> {
    const { key, owner } = ticket;
    const ttlMs = resolveTtl(options.ttl ?? this.#defaults.ttl);
    const startMs = this.#clock.monotonicMs();
    const fence = await this.#ask(key, () => this.#commands.extend({ key, owner }, ttlMs));
    if (fence === undefined) throw new LockLostError(key, 'taken');
    const grant = { key, owner, fence, ttlMs, isRenewed: options.renew ?? true, startMs, leaseMs: ttlMs };
    return this.#held.hold(grant, startMs);
  }

  /** Who holds a lock and who waits for it. @throws LockUnavailableError */
  inspect(key: string): Promise<LockState> {
    return this.#ask(key, () => this.#commands.inspect(key));
  }

  /**
   * Takes a lock from whoever holds it, and gives it to who is next. Those who held it hear of it at once if they have ever
   * waited for a lock, else when they extend it; what they do until then, only a fencing token keeps from harm. The one
   * that is returned is above theirs: tell it to a `FenceGuard` to shut them out now.
   *
   * @throws LockUnavailableError
   */
  forceRelease(key: string): Promise<ForceReleaseReply> {
    return this.#ask(key, () => this.#commands.forceRelease(key));
  }

  /** A lock that many may hold to read, or one to write. */
  readWriteLock(key: string): ReadWriteLock {
    return new ReadWriteLock(this.#taker, key);
  }

  /**
   * A lock that up to `permits` may hold at the same time.
   *
   * @throws InvalidLockOptionsError when `permits` is no whole number from 1
   */
  semaphore(key: string, permits: number): Semaphore {
    resolveLockRequest({ mode: 'shared', limit: permits }, this.#defaults);
    return new Semaphore(this.#taker, key, permits);
  }

  /** Hears of every lock of this service; returns what ends it. */
  listen(listener: LockListener): () => void {
    return this.#events.listen(listener);
  }

  /**
   * Acquires nothing any more, ends what waits with a LockUnavailableError, and waits until all locks are given back, or
   * for `within` (default `'5s'`). What is held then is extended no more, and ends with its ttl.
   */
  async close(within: Duration = DEFAULT_CLOSE): Promise<void> {
    this.#closing.abort();
    await this.#held.close(within);
    this.#abandoned.close();
    await this.#inbox.close();
  }

  async #acquireAll(keys: readonly string[], request: LockRequest): Promise<LockSet> {
    const untilMs = this.#clock.monotonicMs() + request.waitMs;
    const locks: Lock[] = [];
    try {
      for (const key of keys) {
        const waitMs = request.waitMs === 0 ? 0 : Math.max(1, untilMs - this.#clock.monotonicMs());
        const signals = [request.signal, ...locks.map((lock) => lock.signal)].filter((signal) => signal !== undefined);
        locks.push(await this.#acquireOne(key, { ...request, waitMs, signal: AbortSignal.any(signals) }));
      }
      const set = new LockSet(locks);
      set.assertHeld();
      return set;
    } catch (error) {
      await Promise.all(locks.map((lock) => this.#giveBack(lock)));
      throw error;
    }
  }

  #check(key: string, { waitMs }: LockRequest): void {
    this.#keySpace.keysOf(key);
    const isOwn = this.#context.getStore()?.some((lock) => lock.key === key && lock.isHeld);
    if (isOwn === true && waitMs > 0) throw new LockReentryError(key);
    if (this.#closing.signal.aborted) throw new LockUnavailableError(key, 'closed');
  }

  async #acquireOne(key: string, request: LockRequest): Promise<Lock> {
    const startMs = this.#clock.monotonicMs();
    const owner = `${this.#process}.${String(++this.#issued)}`;
    const acquisition = new LockAcquisition({ key, owner }, request, {
      commands: this.#commands,
      inbox: this.#inbox,
      abandoned: this.#abandoned,
      clock: this.#clock,
      random: this.#random,
      closing: this.#closing.signal,
    });
    return this.#held.hold(await acquisition.run(), startMs);
  }

  #heldBefore(keys: KeyOrKeys, owner: string): Lock {
    const lock = this.#held.find(owner);
    const key = typeof keys === 'string' ? keys : keys.join();
    if (lock?.key !== key) throw new LockLostError(key, 'taken');
    lock.assertHeld();
    return lock;
  }

  async #giveBack(held: HeldLock): Promise<void> {
    // What could not be told to Redis was told to those who listen, and ends with its ttl.
    await held.release().catch(() => undefined);
  }

  async #ask<Reply>(key: string, send: () => Promise<Reply>): Promise<Reply> {
    this.#keySpace.keysOf(key);
    if (this.#closing.signal.aborted) throw new LockUnavailableError(key, 'closed');
    try {
      return await send();
    } catch (error) {
      throw toLockUnavailable(key, error);
    }
  }
}

/** What became of a lock while it was thought to be held. */
function toLoss({ key, endReason }: Lock): LockLostError | undefined {
  return endReason === 'expired' || endReason === 'taken' ? new LockLostError(key, endReason) : undefined;
}

function sortedKeys(keys: readonly string[]): string[] {
  if (keys.length === 0) throw new InvalidLockOptionsError('list of keys', 'is empty. Give at least one key');
  return [...new Set(keys)].sort();
}
