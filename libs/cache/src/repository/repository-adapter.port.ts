import type { EntityId } from './key-part.js';
import type { ReadRoute } from './read-routes.js';
import type { RepositoryMethods } from './repository-methods.js';
import type { RowSource } from './row-source.port.js';

/**
 * What is known of a repository because the mapper that it works with is known. The mapper then tells of every write, in
 * whichever method and transaction, and the methods that write need not be known.
 */
export interface RepositoryAdapter<E extends object, Id extends EntityId> {
  /** For the boot log. */
  readonly name: string;
  readonly rows: RowSource<E, Id>;
  /** Whether the repository has general finders: the names of indexes are then free. */
  readonly hasFinders: boolean;
  /** Whether evicts survive a crash between the commit and Redis. */
  readonly isDurable: boolean;

  /** How calls of the repository's general finders, such as `findOneBy(criteria)`, are understood. */
  finderRoutes(methods: RepositoryMethods<E, Id>): ReadonlyMap<string, ReadRoute<Id>>;

  /** Whether a read now would see what a transaction has not committed: it must not be cached then. */
  isInTransaction(): boolean;

  /** Stops telling of writes. */
  release(): void;
}
