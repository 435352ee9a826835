import type { EntityId } from './key-part.js';

/** Where the rows behind a cached repository are read, past the cache. */
export abstract class RowSource<E, Id extends EntityId> {
  /**
   * The rows with these ids as they are now; those that do not exist are left out. `undefined`: it cannot be known.
   * What the database throws, it throws.
   */
  abstract load(ids: readonly Id[]): Promise<readonly E[] | undefined>;
}

/** Asks another source, once there is one; until then nothing can be known. */
export class LateRows<E, Id extends EntityId> extends RowSource<E, Id> {
  source: RowSource<E, Id> | undefined;

  override async load(ids: readonly Id[]): Promise<readonly E[] | undefined> {
    return this.source?.load(ids);
  }
}
