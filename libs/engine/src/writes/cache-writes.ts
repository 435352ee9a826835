import type { StoreResult } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import type { EntryOptions, ResolvedEntryOptions } from '../entry/entry-options.js';
import { extraTimeMs, lifetimeFrom } from '../entry/lifetime.js';
import { resolveEntryOptions } from '../entry/resolve-entry-options.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import type { WriteOutcome } from '../entry/write-outcome.js';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import { reportFault } from '../events/report-fault.js';
import type { Invalidator } from '../invalidation/invalidator.js';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import type { EntryWriter, Fill } from '../read-through/entry-writer.js';
import type { ReadOutcome } from '../read-through/read-outcome.js';
import type { SingleFlight } from '../read-through/single-flight.js';
import type { TierReader } from '../read-through/tier-reader.js';

const STORED: WriteOutcome = Object.freeze({ stored: true });
const DISABLED: WriteOutcome = Object.freeze({ stored: false, reason: 'disabled' });
const TTL_ZERO: WriteOutcome = Object.freeze({ stored: false, reason: 'ttl-zero' });
const OLDER_VERSION: WriteOutcome = Object.freeze({ stored: false, reason: 'older-version' });
const TOO_LARGE: WriteOutcome = Object.freeze({ stored: false, reason: 'value-too-large' });
const UNAVAILABLE: WriteOutcome = Object.freeze({ stored: false, reason: 'redis-unavailable' });

/** The writes that callers state themselves; a load that is under way never overwrites them. */
export class CacheWrites {
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly writer: EntryWriter,
    private readonly invalidator: Invalidator,
    private readonly flights: SingleFlight<ReadOutcome>,
  ) {}

  /** Stores all in one trip; the outcomes are in the order of `entries`. Of a key that comes twice the last counts. */
  async set(entries: readonly (readonly [string, unknown])[], given?: EntryOptions): Promise<WriteOutcome[]> {
    const options = resolveEntryOptions(this.context.options, given);
    if (!this.context.options.enabled) return entries.map(() => DISABLED);
    if (options.ttlMs === 0) {
      await Promise.all(entries.map(([key]) => this.#evict(key, options)));
      return entries.map(() => TTL_ZERO);
    }
    const latest = new Map(entries);
    for (const key of latest.keys()) this.supersede(key);
    const start = this.reader.begin();
    const recoveryStamp = this.context.recovery.stamp();
    const ticket = await this.writer.openTicket(options);
    const outcomes = new Map<string, Promise<WriteOutcome>>();
    for (const [key, value] of latest) {
      const fill: Fill = { key, start, ticket, origin: 'set', mayKeepUnproven: false };
      outcomes.set(key, this.#store(value, options, fill, recoveryStamp));
    }
    return Promise.all(entries.map(([key]) => outcomes.get(key) as Promise<WriteOutcome>));
  }

  /** Stores a value only where there is no fresh one. */
  setIfAbsent(key: string, value: unknown, given?: EntryOptions): Promise<WriteOutcome> {
    return this.#storeIf('absent', key, value, given);
  }

  /** Stores a value only where there is a fresh one. */
  replace(key: string, value: unknown, given?: EntryOptions): Promise<WriteOutcome> {
    return this.#storeIf('present', key, value, given);
  }

  /** Gives a fresh entry a new time to live from now on; `false`: there is none, or Redis did not confirm it. */
  touch(key: string, options: ResolvedEntryOptions): Promise<boolean> {
    const { authority } = this.context;
    return this.#attempt('touch', key, false, () => authority.touch(key, options.ttlMs, extraTimeMs(options)));
  }

  /** The sum; `undefined` when Redis did not confirm it in time, and it may have been added or not. */
  async increment(key: string, by: number, given?: Pick<EntryOptions, 'ttl'>): Promise<number | undefined> {
    if (!Number.isSafeInteger(by)) throw new InvalidOptionError('by', `${String(by)} given; write a whole number`);
    const { ttlMs } = resolveEntryOptions(this.context.options, given);
    return this.#attempt('increment', key, undefined, () => this.context.authority.increment(key, by, ttlMs));
  }

  /** Lets go of the copy in memory, and of what is on its way, which is older than what is written. */
  supersede(key: string): void {
    const { memory, authority } = this.context;
    memory.changes.changeKey(key);
    this.flights.detach(key);
    if (authority.isShared) memory.tier.remove(key);
  }

  /** The copy that memory gets of it stays; what was read from the authority meanwhile does not. */
  async #store(
    value: unknown,
    options: ResolvedEntryOptions,
    fill: Fill,
    recoveryStamp: number,
  ): Promise<WriteOutcome> {
    const { memory, authority, recovery } = this.context;
    try {
      const { outcome, held } = await this.writer.store(value, options, fill);
      if (!held.isHeld && authority.isShared) memory.tier.remove(fill.key);
      if (outcome.stored) return this.#acknowledged(fill.key, options, recoveryStamp);
      if (outcome.reason === 'redis-unavailable') recovery.unacknowledged([{ kind: 'key', key: fill.key }]);
      if (outcome.reason === 'ttl-zero' || outcome.reason === 'value-too-large') await this.#evict(fill.key, options);
      return outcome;
    } finally {
      if (authority.isShared) {
        memory.changes.changeKey(fill.key);
        this.flights.detach(fill.key);
      }
    }
  }

  async #storeIf(
    condition: 'absent' | 'present',
    key: string,
    value: unknown,
    given: EntryOptions | undefined,
  ): Promise<WriteOutcome> {
    const { authority, options: defaults, clock, random, recovery } = this.context;
    if (!defaults.enabled) return DISABLED;
    const options = resolveEntryOptions(defaults, given);
    const lifetime = lifetimeFrom(clock.monotonicMs(), value, options, random);
    if (lifetime === undefined) {
      if (condition === 'present') await this.#evict(key, options);
      return TTL_ZERO;
    }
    const recoveryStamp = recovery.stamp();
    const facts = { sourceVersion: options.version ?? NO_SOURCE_VERSION, etag: undefined, loadMs: 0 };
    const outcome = await this.#attempt<WriteOutcome>(`store-if-${condition}`, key, UNAVAILABLE, async () => {
      const ticket = await authority.openTicket(options.tags, options.ttlMs + extraTimeMs(options));
      const draft = { value, tags: options.tags, ...facts, ...lifetime };
      try {
        return conditionalOutcome(condition, await authority.writeIf(condition, key, draft, ticket));
      } catch (error) {
        if (!(error instanceof ValueTooLargeError)) throw error;
        reportFault(this.context, `store-if-${condition}`, error);
        return TOO_LARGE;
      }
    });
    if (outcome.stored) {
      this.writer.reportStored(key, options.ttlMs);
      return this.#acknowledged(key, options, recoveryStamp);
    }
    if (outcome === UNAVAILABLE && condition === 'present') recovery.unacknowledged([{ kind: 'key', key }]);
    if (outcome === TOO_LARGE && condition === 'present') await this.#evict(key, options);
    return outcome;
  }

  /** What cannot be stored is the newer truth all the same: what it was to replace must not be served for it. */
  async #evict(key: string, { version }: ResolvedEntryOptions): Promise<void> {
    if (version === undefined) await this.invalidator.delete([key]);
    else await this.invalidator.deleteEncodedVersion(key, version);
  }

  /** What Redis stored only because it has not heard yet of the deletion of a higher version will be removed. */
  #acknowledged(
    key: string,
    { version = NO_SOURCE_VERSION }: ResolvedEntryOptions,
    recoveryStamp: number,
  ): WriteOutcome {
    const { recovery, memory } = this.context;
    if (recovery.keyAcknowledged(key, recoveryStamp, version)) return STORED;
    memory.tier.remove(key);
    return OLDER_VERSION;
  }

  /** A change whose outcome is not known may have been made: then what there was must not be served for it. */
  async #attempt<Result>(operation: string, key: string, onFault: Result, act: () => Promise<Result>): Promise<Result> {
    this.supersede(key);
    try {
      return await act();
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, operation, error);
      return onFault;
    } finally {
      this.supersede(key);
    }
  }
}

function conditionalOutcome(condition: 'absent' | 'present', { kind }: StoreResult): WriteOutcome {
  if (kind === 'stored') return { stored: true };
  if (kind === 'unmet') return { stored: false, reason: condition === 'absent' ? 'already-present' : 'absent' };
  return { stored: false, reason: kind };
}
