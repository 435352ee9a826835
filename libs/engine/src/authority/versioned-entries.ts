import type { Random } from '@nest-strata/core';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { TagRecords } from '../tags/tag-records.js';
import type { EntryDraft } from './authority.port.js';
import type { RedisTicket } from './redis-ticket.js';

/** What a sum and a difference of moments may be off, as they are numbers with 53 bits. */
const ROUNDING_MS = 0.01;
const WRITE_ID_BYTES = 8;
const NO_VERSION = '0'.repeat(16);

/** Makes entries that carry the versions of their tags and of `clear`, whose records outlive them. */
export class VersionedEntries {
  constructor(
    private readonly records: TagRecords,
    private readonly random: Random,
  ) {}

  /** `undefined` when a tag that was derived from the value may have been invalidated since the load began. */
  async make(draft: EntryDraft, ticket: RedisTicket): Promise<CacheEntry | undefined> {
    const { records } = this;
    const lifeMs = draft.goneAtMs - draft.createdAtMs;
    const derived = draft.tags.filter((tag) => !ticket.tags.includes(tag));
    let taken = ticket.versions;
    if (derived.length > 0) {
      const more =
        ticket.takenAt === undefined ? undefined : await records.addDerived(taken, ticket.takenAt, derived, lifeMs);
      if (more === undefined) return undefined;
      taken = more;
    }
    const tags = taken.tags.filter(({ tag }) => draft.tags.includes(tag));
    if (lifeMs > ticket.lifeMs + ROUNDING_MS) await this.prolongRecords(draft.tags, lifeMs);
    return this.#toEntry(draft, taken.clear, tags);
  }

  /** What stands for a deleted value, to keep those of a lower version out: an entry that is never served. */
  makeFloor(version: string, nowMs: number): CacheEntry {
    const times = { createdAtMs: nowMs, freshUntilMs: -Infinity, goneAtMs: -Infinity };
    const draft = { ...times, value: null, tags: [], sourceVersion: version, etag: undefined, loadMs: 0 };
    return this.#toEntry(draft, NO_VERSION, []);
  }

  /** Lets the records of an entry outlive it, whose own time has become longer than was said before. */
  async prolongRecords(tags: readonly string[], lifeMs: number): Promise<void> {
    await this.records.take(tags, lifeMs);
  }

  #toEntry(draft: EntryDraft, clearVersion: string, tags: CacheEntry['tags']): CacheEntry {
    return {
      value: draft.value,
      createdAtMs: draft.createdAtMs,
      freshUntilMs: draft.freshUntilMs,
      goneAtMs: draft.goneAtMs,
      clearVersion,
      tags,
      writeId: this.random.bytes(WRITE_ID_BYTES).toString('hex'),
      sourceVersion: draft.sourceVersion,
      etag: draft.etag,
      loadMs: draft.loadMs,
    };
  }
}
