import type { EntryDraft, StoredEntry, StoreResult, WriteTicket } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { unproven } from '../coherence/copy-trust.js';
import type { TrustMark } from '../coherence/copy-trust.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { extraTimeMs, lifetimeFrom } from '../entry/lifetime.js';
import type { Lifetime } from '../entry/lifetime.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import type { WriteOutcome } from '../entry/write-outcome.js';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import { reportFault } from '../events/report-fault.js';
import { quietUntilMs } from '../freshness/freshness.policy.js';
import { isToldInFull } from '../memory/told-in-full.js';
import type { Evict } from '../recovery/evict.js';
import { SETTLES_NOTHING } from '../recovery/evict-keeper.js';
import type { FoundCopy, HeldValue } from './read-outcome.js';
import type { FillStart } from './tier-reader.js';

/** What a value that is about to be stored comes with. */
export interface Fill {
  readonly key: string;
  readonly start: FillStart;
  /** `undefined`: nothing permits to store the value in the authority. */
  readonly ticket: WriteTicket | undefined;
  /**
   * `load`: a value that a loader made: never stored over a newer one.
   * `set`: a value that the caller states: replaces what there is, and is in memory only once the authority has it.
   */
  readonly origin: 'load' | 'set';
  /** Memory may keep the value for the liveness bound although the authority does not have it. */
  readonly mayKeepUnproven: boolean;
}

/** What is known of a value beside its options. */
export interface ValueFacts {
  readonly etag: string | undefined;
  readonly loadMs: number;
}

/** What became of a value, and the value as callers are to get it. */
export interface StoreReport {
  readonly outcome: WriteOutcome;
  readonly held: HeldValue;
}

const STORED: WriteOutcome = Object.freeze({ stored: true });
const NO_FACTS: ValueFacts = Object.freeze({ etag: undefined, loadMs: 0 });

/** Stores values in the authority, then in memory. */
export class EntryWriter {
  constructor(private readonly context: CacheContext) {}

  /** Opens a write of an entry; `undefined` when the authority cannot be reached. */
  async openTicket(options: ResolvedEntryOptions): Promise<WriteTicket | undefined> {
    try {
      return await this.context.authority.openTicket(options.tags, options.ttlMs + extraTimeMs(options));
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'open-ticket', error);
      return undefined;
    }
  }

  /** @throws UnsupportedValueError when the value cannot be brought back as what it is */
  async store(
    value: unknown,
    options: ResolvedEntryOptions,
    fill: Fill,
    facts: ValueFacts = NO_FACTS,
  ): Promise<StoreReport> {
    const kept = this.#isForNobody(fill) ? { value, isCopiedOnRead: false } : this.context.keeper.keepForeign(value);
    const { clock, random } = this.context;
    const lifetime = lifetimeFrom(clock.monotonicMs(), value, options, random);
    if (lifetime === undefined) {
      await this.discard(fill);
      return { outcome: refused('ttl-zero'), held: { ...kept, isHeld: false } };
    }
    const draft = this.#draft(value, lifetime, options, facts);
    const { outcome, entry } = await this.#write(draft, fill);
    const mark = this.#markFor(outcome, options, fill);
    const isHeld =
      mark !== undefined &&
      this.#keepInMemory({ ...kept, isHeld: true }, entry ?? unversioned(draft), mark, options, fill);
    if (outcome.stored) {
      this.#forgetOlder(fill.key, isHeld);
      this.reportStored(fill.key, options.ttlMs);
    }
    return { outcome, held: { ...kept, isHeld } };
  }

  /** Makes a stale copy fresh again whose source has not changed. */
  async renew(copy: FoundCopy, options: ResolvedEntryOptions, fill: Fill): Promise<void> {
    const { clock, random, authority } = this.context;
    const lifetime = lifetimeFrom(clock.monotonicMs(), copy.value, options, random);
    if (fill.ticket === undefined) return;
    if (lifetime === undefined || this.#isOutdated(fill)) {
      await this.release(fill);
      return;
    }
    try {
      const isRenewed = await authority.renew(fill.key, lifetime, fill.ticket);
      if (!isRenewed) return;
      this.#forgetOlder(fill.key, false);
      this.reportStored(fill.key, options.ttlMs);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'renew', error);
    }
  }

  /** Ends the claim of a load that stores nothing. */
  async release({ key, ticket, origin }: Fill): Promise<void> {
    if (ticket === undefined || origin !== 'load') return;
    try {
      await this.context.authority.release(key, ticket);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'release', error);
    }
  }

  /** What a load brings is the newer truth, also if it is not to be stored: what it was to replace must not be served for it. */
  async discard(fill: Fill): Promise<void> {
    const { authority, recovery } = this.context;
    const { key, ticket, origin } = fill;
    if (origin !== 'load') return;
    if (this.#isOutdated(fill)) {
      await this.release(fill);
      return;
    }
    const evicts: readonly Evict[] = [{ kind: 'key', key }];
    this.#forgetOlder(key, false);
    try {
      const isRemoved = ticket !== undefined && (await authority.discard(key, ticket));
      if (isRemoved) recovery.acknowledged(evicts, SETTLES_NOTHING);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'write', error);
      recovery.unacknowledged(evicts);
    }
    // What was read meanwhile is as old.
    this.#forgetOlder(key, false);
  }

  reportStored(key: string, ttlMs: number): void {
    const { stats, events, name } = this.context;
    stats.sets++;
    if (events.isHeard) events.emit({ type: 'set', cache: name, key, ttlMs });
  }

  #draft(value: unknown, lifetime: Lifetime, options: ResolvedEntryOptions, facts: ValueFacts): EntryDraft {
    return {
      value,
      tags: options.tags,
      sourceVersion: options.version ?? NO_SOURCE_VERSION,
      etag: facts.etag,
      loadMs: facts.loadMs,
      createdAtMs: lifetime.createdAtMs,
      freshUntilMs: lifetime.freshUntilMs,
      goneAtMs: lifetime.goneAtMs,
    };
  }

  async #write(draft: EntryDraft, fill: Fill): Promise<{ outcome: WriteOutcome; entry: StoredEntry | undefined }> {
    const { authority } = this.context;
    const { key, ticket, origin } = fill;
    if (origin === 'load' && this.#isOutdated(fill)) {
      await this.release(fill);
      return { outcome: refused('superseded'), entry: undefined };
    }
    if (ticket === undefined) return { outcome: refused('redis-unavailable'), entry: undefined };
    try {
      const result = await (origin === 'load'
        ? authority.fill(key, draft, ticket, () => this.#isOutdated(fill))
        : authority.write(key, draft, ticket));
      return { outcome: outcomeOf(result), entry: result.kind === 'stored' ? result.entry : undefined };
    } catch (error) {
      const reason = reasonOf(error);
      reportFault(this.context, 'write', error);
      if (reason === 'value-too-large') await this.discard(fill);
      return { outcome: refused(reason), entry: undefined };
    }
  }

  /** What memory has, or is about to get, is older; the word of Redis would come after the caller has the new value. */
  #forgetOlder(key: string, isNewHeld: boolean): void {
    const { authority, memory } = this.context;
    if (!authority.isShared) return;
    memory.changes.hearOfKey(key);
    if (!isNewHeld) memory.tier.remove(key);
  }

  /** Whether the authority alone gets the value, which takes it in bytes: then no copy of it is needed. */
  #isForNobody({ origin, ticket }: Fill): boolean {
    const { memory, authority } = this.context;
    return origin === 'set' && ticket !== undefined && authority.isShared && !memory.tier.hasRoom;
  }

  /** What others have changed shows in the lease, when the authority is asked to store the value. */
  #isOutdated({ key, start }: Fill): boolean {
    return this.context.memory.changes.isChangedHere(key, start.stamp);
  }

  /** How memory is to trust its copy; `undefined`: it gets none. */
  #markFor(outcome: WriteOutcome, options: ResolvedEntryOptions, fill: Fill): TrustMark | undefined {
    const { startedAtMs } = fill.start;
    if (outcome.stored) return this.context.trust.mark(startedAtMs, options.memoryTtlMs, fill.origin);
    const isUnproven = fill.mayKeepUnproven && fill.ticket === undefined && outcome.reason === 'redis-unavailable';
    return isUnproven ? unproven(startedAtMs, options.memoryTtlMs) : undefined;
  }

  #keepInMemory(
    kept: HeldValue,
    entry: StoredEntry,
    mark: TrustMark,
    options: ResolvedEntryOptions,
    { key, start }: Fill,
  ): boolean {
    const { memory, authority, keySpace } = this.context;
    if (authority.isShared && !isToldInFull(key, entry, keySpace)) return false;
    return memory.keep(key, {
      entry,
      kept,
      mark,
      stamp: start.stamp,
      quietUntilMs: quietUntilMs(entry, options),
    });
  }
}

/** An entry that the authority has not seen, and whose versions nobody asks for. */
function unversioned({ tags, ...facts }: EntryDraft): StoredEntry {
  return { ...facts, tags: tags.map((tag) => ({ tag, version: '' })), writeId: '', clearVersion: '' };
}

function outcomeOf({ kind }: StoreResult): WriteOutcome {
  if (kind === 'stored') return STORED;
  return refused(kind === 'older-version' ? kind : 'superseded');
}

function refused(reason: NonNullable<WriteOutcome['reason']>): WriteOutcome {
  return { stored: false, reason };
}

function reasonOf(error: unknown): NonNullable<WriteOutcome['reason']> {
  if (error instanceof ValueTooLargeError) return 'value-too-large';
  if (isCacheFault(error)) return 'redis-unavailable';
  throw error;
}
