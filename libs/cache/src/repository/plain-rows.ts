import type { CacheStrategy } from './cache-strategy.js';
import { runWithin } from './calls-within.js';
import type { EntityId } from './key-part.js';
import type { RepositoryMethods } from './repository-methods.js';
import { RowSource } from './row-source.port.js';

type Method = (argument: unknown) => unknown;

/** More rows than this are not fetched one by one. */
const MAX_SINGLE_READS = 50;

/** Reads the rows with the repository's own methods by ids or by id, or as the strategy says. */
export class PlainRows<E extends object, Id extends EntityId> extends RowSource<E, Id> {
  readonly #byId: Method | undefined;
  readonly #byIds: Method | undefined;

  /** @param cached the cache that the methods are, or will be, led through; here they are called past it */
  constructor(
    private readonly strategy: CacheStrategy<E, Id>,
    repository: object,
    { byId, byIds }: Pick<RepositoryMethods<E, Id>, 'byId' | 'byIds'>,
    cached: object,
  ) {
    super();
    const methodOf = (name: string | undefined): Method | undefined => {
      if (name === undefined) return undefined;
      return (argument) => runWithin(cached, () => (repository as Record<string, Method>)[name]?.(argument));
    };
    this.#byId = methodOf(byId);
    this.#byIds = methodOf(byIds);
  }

  override async load(ids: readonly Id[]): Promise<readonly E[] | undefined> {
    if (this.strategy.loadCurrent !== undefined) return this.strategy.loadCurrent(ids);
    const rows = this.#byIds ? await this.#byIds([...ids]) : this.#byId && (await readEach(ids, this.#byId));
    return Array.isArray(rows)
      ? rows.filter((row: E | null | undefined) => row !== null && row !== undefined)
      : undefined;
  }
}

async function readEach(ids: readonly EntityId[], byId: Method): Promise<unknown[] | undefined> {
  if (ids.length > MAX_SINGLE_READS) return undefined;
  return Promise.all(
    ids.map(async (id) => {
      try {
        return await byId(id);
      } catch (error) {
        if (saysNotFound(error)) return undefined;
        throw error;
      }
    }),
  );
}

/** Nest's `NotFoundException`, TypeORM's `EntityNotFoundError`, Prisma's `NotFoundError` and the like. */
export function saysNotFound(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /not_?found/i.test(error.constructor.name) || (error as { status?: unknown }).status === 404;
}
