import type { LoadTicket } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { jitteredTtlMs } from '../entry/lifetime.js';
import type { WriteOutcome } from '../entry/write-outcome.js';
import { reportFault } from '../events/report-fault.js';
import type { Lifetime } from '../memory/memory-store.js';
import type { HeldValue } from './read-outcome.js';
import type { FillStart } from './tier-reader.js';

/** What a value that is about to be stored comes with. */
export interface Fill {
  readonly key: string;
  readonly start: FillStart;
  /** `undefined`: the authority could not be asked for one, and the value cannot be stored there. */
  readonly ticket: LoadTicket | undefined;
  /**
   * `load`: a value that a loader made: never stored over a newer one, and kept in memory also while Redis is away.
   * `set`: a value that the caller states: replaces what there is, and is in memory only once Redis has it.
   */
  readonly origin: 'load' | 'set';
}

/** What became of a value, and the value as callers are to get it. */
export interface StoreReport {
  readonly outcome: WriteOutcome;
  readonly held: HeldValue;
}

const STORED: WriteOutcome = Object.freeze({ stored: true });

/** Stores values in the authority, then in memory. */
export class EntryWriter {
  constructor(private readonly context: CacheContext) {}

  /** Opens a load or a write of an entry; `undefined` when the authority cannot be reached. */
  async openTicket(options: ResolvedEntryOptions): Promise<LoadTicket | undefined> {
    try {
      return await this.context.authority.openTicket(options.tags, options.ttlMs);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'open-ticket', error);
      return undefined;
    }
  }

  /** @throws UnsupportedValueError when the value cannot be brought back as what it is */
  async store(value: unknown, options: ResolvedEntryOptions, fill: Fill): Promise<StoreReport> {
    const kept = this.#isForNobody(fill) ? { value, isCopiedOnRead: false } : this.context.keeper.keepForeign(value);
    const lifetime = this.lifetimeFor(options);
    const outcome = lifetime === undefined ? refused('ttl-zero') : await this.#write(value, lifetime, options, fill);
    const mayKeep = outcome.stored || (fill.origin === 'load' && outcome.reason === 'redis-unavailable');
    const isHeld =
      mayKeep && lifetime !== undefined && this.#keepInMemory({ ...kept, isHeld: true }, lifetime, options, fill);
    if (outcome.stored) this.reportStored(fill.key, options.ttlMs);
    return { outcome, held: { ...kept, isHeld } };
  }

  /** From now on, for the ttl less its jitter; `undefined` for a ttl of nothing. */
  lifetimeFor(options: ResolvedEntryOptions): Lifetime | undefined {
    const ttlMs = jitteredTtlMs(options.ttlMs, options.jitter, this.context.random);
    if (ttlMs === 0) return undefined;
    const createdAtMs = this.context.clock.monotonicMs();
    return { createdAtMs, freshUntilMs: createdAtMs + ttlMs, goneAtMs: createdAtMs + ttlMs };
  }

  reportStored(key: string, ttlMs: number): void {
    const { stats, events, name } = this.context;
    stats.sets++;
    if (events.isHeard) events.emit({ type: 'set', cache: name, key, ttlMs });
  }

  async #write(value: unknown, lifetime: Lifetime, options: ResolvedEntryOptions, fill: Fill): Promise<WriteOutcome> {
    if (fill.origin === 'load' && this.#isOutdated(fill)) return refused('superseded');
    if (fill.ticket === undefined) return refused('redis-unavailable');
    const draft = { value, tags: options.tags, ...lifetime };
    try {
      const result = await this.context.authority.write(fill.key, draft, fill.ticket);
      return result === 'stored' ? STORED : refused('superseded');
    } catch (error) {
      const reason = reasonOf(error);
      reportFault(this.context, 'write', error);
      if (reason === 'value-too-large') await this.#removeOlder(fill.key);
      return refused(reason);
    }
  }

  /** A value that cannot be stored is the newer truth all the same: what it was to replace must not be served for it. */
  async #removeOlder(key: string): Promise<void> {
    const { authority, memory } = this.context;
    if (authority.isShared) memory.tier.remove(key);
    try {
      await authority.delete([key]);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'write', error);
    }
  }

  /** Whether the authority alone gets the value, which takes it in bytes: then no copy of it is needed. */
  #isForNobody({ origin, ticket }: Fill): boolean {
    const { memory, authority } = this.context;
    return origin === 'set' && ticket !== undefined && authority.isShared && !memory.tier.hasRoom;
  }

  #isOutdated({ key, start }: Fill): boolean {
    return this.context.memory.changes.isOutdated(key, start.stamp);
  }

  #keepInMemory(held: HeldValue, lifetime: Lifetime, options: ResolvedEntryOptions, fill: Fill): boolean {
    const { memory, authority } = this.context;
    const tags = options.tags.map((tag) => ({ tag, version: '' }));
    const goneAtMs = Math.min(lifetime.freshUntilMs, fill.start.startedAtMs + options.memoryTtlMs);
    const copyLifetime = authority.isShared ? { ...lifetime, goneAtMs } : lifetime;
    return memory.keep(fill.key, held, copyLifetime, tags, fill.start.stamp);
  }
}

function refused(reason: NonNullable<WriteOutcome['reason']>): WriteOutcome {
  return { stored: false, reason };
}

function reasonOf(error: unknown): NonNullable<WriteOutcome['reason']> {
  if (error instanceof ValueTooLargeError) return 'value-too-large';
  if (isCacheFault(error)) return 'redis-unavailable';
  throw error;
}
