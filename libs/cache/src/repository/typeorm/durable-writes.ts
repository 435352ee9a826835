import { wrapMethod } from '../wrap-method.js';
import type { TrackedEntity, TrackedTables } from './tracked-tables.js';
import type { EntityManagerShape } from './typeorm-shapes.js';

const REMOVALS = ['delete', 'deleteAll', 'clear'] as const;
const METHODS = ['insert', 'upsert', 'update', 'updateAll', 'softDelete', 'restore', ...REMOVALS] as const;

type Method = (typeof METHODS)[number];
type Manager = EntityManagerShape & Readonly<Record<Method, (...args: unknown[]) => Promise<unknown>>>;

/**
 * Opens a transaction for those writes of entity managers for which TypeORM opens none, where evicts are to be kept with
 * the write: only a transaction can do that.
 */
export class DurableWrites {
  constructor(private readonly tables: TrackedTables) {}

  /** Sees the writes of one more entity manager; returns the function that ends it. */
  observe(manager: EntityManagerShape): () => void {
    const undo = METHODS.map((method) =>
      wrapMethod(manager, method, (args, proceed) => {
        const isOpen = manager.queryRunner?.isTransactionActive === true;
        const isDurable = this.#changedBy(method, manager, args[0]).some(
          ({ listener }) => listener.durable !== undefined,
        );
        if (isOpen || !isDurable) return proceed();
        return manager.transaction((transaction) => (transaction as Manager)[method](...args));
      }),
    );
    return () => undo.forEach((restore) => restore());
  }

  /** At least the entities that a write can change. */
  #changedBy(method: Method, { dataSource }: EntityManagerShape, target: unknown): TrackedEntity[] {
    if (!dataSource.hasMetadata(target)) return [];
    const table = dataSource.getMetadata(target);
    const changed = [...this.tables.in(table), ...this.tables.joinedBy(table)];
    return (REMOVALS as readonly Method[]).includes(method)
      ? [...changed, ...this.tables.changedByRemoval(table)]
      : changed;
  }
}
