import type { CachedRepository } from './cached-repository.js';
import type { CacheStrategy, WrittenIds } from './cache-strategy.js';
import { saysConstraintViolated } from './constraint-violation.js';
import type { WriteKind } from './conventional-methods.js';
import type { EntityChange } from './entity-change.js';
import { idText } from './key-part.js';
import type { EntityId } from './key-part.js';
import { RepositoryWarnings } from './repository-warnings.js';
import type { RowSource } from './row-source.port.js';
import { idsInArguments, idsOfEntities } from './written-ids.js';
import type { IdsFound } from './written-ids.js';

/** A write and what is known before it of what it will change. */
interface Intent<Id, E> {
  readonly kind: WriteKind;
  /** `undefined`: it may change anything. */
  readonly given: IdsFound<Id> | undefined;
  /** The rows as they are; `undefined`: they cannot be had. */
  readonly before: readonly E[] | undefined;
}

const NOT_READ = 'The ids could not be read from the arguments of a write, and everything was invalidated.';

/**
 * Runs the writes of a class that is no more than a class, and invalidates what they changed.
 *
 * The rows are read before and after the write, each on its own, so that another write can come between. A change that is
 * not seen for that reason is covered by the tags that every entry carries for the entities in it.
 */
export class PlainWrites<E extends object, Id extends EntityId> {
  readonly #warnings: RepositoryWarnings;

  constructor(
    private readonly cached: CachedRepository<E, Id>,
    private readonly strategy: CacheStrategy<E, Id>,
    private readonly rows: RowSource<E, Id>,
  ) {
    this.#warnings = new RepositoryWarnings(cached.name);
  }

  /** A write with one of the usual names. */
  byConvention(kind: WriteKind, args: readonly unknown[], proceed: () => unknown): unknown {
    if (kind !== 'create') return this.#run(kind, idsInArguments(args, this.#idOf), proceed);
    const made = proceed();
    // The create() of some mappers only makes an object, at once, and writes nothing.
    if (!isPromiseLike(made)) return made;
    return this.#settle({ kind, given: idsOfEntities(args[0], this.#idOf), before: [] }, () => made);
  }

  /** A write whose strategy tells the ids. */
  byDeclaration(
    written: Exclude<WrittenIds<Id>, false>,
    args: readonly unknown[],
    proceed: () => unknown,
  ): Promise<unknown> {
    const ids =
      written === 'everything' ? written : this.#warnings.attempt(NOT_READ, () => written(...(args as never[])));
    const given = Array.isArray(ids)
      ? { ids: ids as readonly Id[], unidentifiedCount: 0, isListOfValues: false }
      : undefined;
    return this.#run('save', given, proceed);
  }

  async #run(kind: WriteKind, given: IdsFound<Id> | undefined, proceed: () => unknown): Promise<unknown> {
    return this.#settle({ kind, given, before: await this.#rowsOf(given?.ids ?? []) }, proceed);
  }

  async #settle(intent: Intent<Id, E>, proceed: () => unknown): Promise<unknown> {
    let result: unknown;
    try {
      result = await proceed();
    } catch (error) {
      await this.cached.changed(isRefused(intent, error) ? {} : await this.#changeOf(intent, undefined));
      throw error;
    }
    await this.cached.changed(await this.#changeOf(intent, result));
    return result;
  }

  async #changeOf({ kind, given, before }: Intent<Id, E>, result: unknown): Promise<EntityChange<E, Id>> {
    if (given === undefined || before === undefined) return 'everything';
    // Values that are no ids, but the parts of one, have no rows.
    if (given.isListOfValues && before.length < given.ids.length) return 'everything';
    const returned = idsOfEntities(result, this.#idOf);
    const subjectCount = given.ids.length + given.unidentifiedCount;
    if (given.unidentifiedCount > 0 && returned.ids.length < subjectCount) return 'everything';
    const ids = distinct([...given.ids, ...returned.ids]);
    const after = kind === 'remove' ? [] : await this.#rowsOf(ids);
    return after === undefined ? 'everything' : { ids, rows: [...before, ...after] };
  }

  async #rowsOf(ids: readonly Id[]): Promise<readonly E[] | undefined> {
    try {
      return ids.length === 0 ? [] : await this.rows.load(ids);
    } catch {
      // The write is not to fail for a read of ours; what cannot be told is invalidated as a whole.
      return undefined;
    }
  }

  readonly #idOf = (entity: never): Id | undefined => this.strategy.id(entity);
}

/**
 * Whether a write that failed has changed nothing for certain. It may have done a part of its work, and one that lost its
 * connection may have done all of it: only a single row that a constraint forbids was not made.
 */
function isRefused({ given }: Intent<unknown, unknown>, error: unknown): boolean {
  return given?.ids.length === 0 && given.unidentifiedCount === 1 && saysConstraintViolated(error);
}

function distinct<Id extends EntityId>(ids: readonly Id[]): Id[] {
  return [...new Map(ids.map((id) => [idText(id), id])).values()];
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
