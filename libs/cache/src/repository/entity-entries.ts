import { absenceForMany, absenceForOne, isAbsence, isLeftOut, NOTHING_STORED, saidForOne } from './absence.js';
import type { EntityRecords } from './entity-record.js';
import type { EntityTags } from './entity-tags.js';
import type { EntityId } from './key-part.js';
import type { RepositoryWarnings } from './repository-warnings.js';

import type { SourceVersion } from '@nest-strata/engine';

/** What is to be stored of a result, and the tags that it gets because of what is in it. */
export interface Kept {
  readonly stored: unknown;
  readonly tags: readonly string[];
  /** Of the row, if it is that of one entity. */
  readonly version?: SourceVersion | undefined;
}

/** An answer made of what is stored; `undefined`: there is none in it, and it must be loaded anew. */
export type Presented<R> = { readonly answer: R } | undefined;

const NOT_BROUGHT_BACK = 'An entity could not be brought back from the cache and is loaded anew.';
const NOT_KEPT = 'An entity could not be made ready for the cache and is not cached.';
const NOT_AN_ENTITY =
  'A method returned something other than entities with an id, of the class that the strategy names; it is not cached. ' +
  "Register subclasses with CacheModule's `types`, or give the strategy `serialize` and `deserialize`.";
const NOT_A_LIST = 'A method that is declared to return a list of entities returned something else; it is not cached.';
const NOT_AS_ASKED =
  'The method that reads by ids returned something other than the entities with these ids, or not by leaving out the ' +
  'missing ones; such results are not cached. Where it always does so, give the strategy `reads = { byIds: false }`.';

/** Turns results of a repository into what is stored of them, and back. What cannot be stored is told. */
export class EntityEntries<E extends object, Id extends EntityId> {
  constructor(
    private readonly tags: EntityTags<E, Id>,
    private readonly records: EntityRecords<E, Id>,
    private readonly warnings: RepositoryWarnings,
  ) {}

  /** @returns `undefined` for a result that cannot be stored */
  keepOne(result: E | null | undefined, before: unknown): Kept | undefined {
    if (result === null || result === undefined) return { stored: absenceForOne(result, before), tags: [] };
    return this.#keep(result);
  }

  /** As {@link keepOne}, of an entity that is as it is stored. */
  keepStored(stored: unknown): Kept | undefined {
    const [entity] = this.presentList([stored])?.answer ?? [];
    return entity && this.#keep(entity);
  }

  presentOne<R extends E | null | undefined>(stored: unknown): Presented<R> {
    if (isAbsence(stored)) {
      const said = saidForOne(stored);
      return said && { answer: said.said as R };
    }
    const presented = this.presentList([stored]);
    return presented && { answer: presented.answer[0] as R };
  }

  /** @param maxTaggedEntities a longer list carries the tag of all instead of one for each */
  keepList(result: readonly E[], maxTaggedEntities: number): Kept | undefined {
    if (!Array.isArray(result)) {
      this.warnings.tell(NOT_A_LIST);
      return undefined;
    }
    const kept = result.map((entity: E) => this.#keep(entity)).filter((one) => one !== undefined);
    if (kept.length < result.length) return undefined;
    const isTagged = kept.length <= maxTaggedEntities;
    const tags = kept.flatMap((one) => (isTagged ? one.tags : one.tags.slice(1)));
    return { stored: kept.map(({ stored }) => stored), tags: isTagged ? tags : [this.tags.names.all, ...tags] };
  }

  presentList(stored: unknown): Presented<E[]> {
    return this.warnings.attempt(NOT_BROUGHT_BACK, () => {
      const list = stored as readonly unknown[];
      return list.some(isAbsence) ? undefined : { answer: list.map((record) => this.records.toEntity(record)) };
    });
  }

  /** What is to be stored under each name that was asked for by id; nothing where that cannot be told from the result. */
  keepByName(
    names: readonly string[],
    result: readonly E[],
    before: ReadonlyMap<string, unknown>,
  ): ReadonlyMap<string, Kept> {
    const entities: readonly (E | undefined)[] = Array.isArray(result) ? result : [undefined];
    const keptByName = new Map<string, Kept>(
      names.map((name) => [
        name,
        { stored: absenceForMany(before.has(name) ? before.get(name) : NOTHING_STORED), tags: [] },
      ]),
    );
    for (const entity of entities) {
      const kept = this.#keep(entity);
      const [name] = kept?.tags ?? [];
      if (kept === undefined || name === undefined || !keptByName.has(name)) {
        this.warnings.tell(NOT_AS_ASKED);
        return new Map();
      }
      keptByName.set(name, kept);
    }
    return keptByName;
  }

  /** The entity, or nothing where it is known to be left out. */
  presentOneOfMany(stored: unknown): Presented<E[]> {
    return isLeftOut(stored) ? { answer: [] } : this.presentList([stored]);
  }

  #keep(entity: unknown): Kept | undefined {
    return this.warnings.attempt(NOT_KEPT, () => {
      const isEntity = typeof entity === 'object' && entity !== null;
      const tags = isEntity ? this.tags.ofEntity(entity as E) : undefined;
      const stored = tags && this.records.toRecord(entity as E);
      if (tags !== undefined && !isAbsence(stored)) return { stored, tags, version: this.tags.versionOf(entity as E) };
      this.warnings.tell(NOT_AN_ENTITY);
      return undefined;
    });
  }
}
