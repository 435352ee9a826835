import { wrapMethod } from '../wrap-method.js';
import { CriteriaWrites } from './criteria-writes.js';
import { DurableWrites } from './durable-writes.js';
import { observeRawWrites } from './raw-writes.js';
import { TrackedTables } from './tracked-tables.js';
import type { TrackedEntity } from './tracked-tables.js';
import { TransactionJournal } from './transaction-journal.js';
import type { DataSourceShape, EntityManagerShape } from './typeorm-shapes.js';
import { WriteSubscriber } from './write-subscriber.js';

/** Tells of the writes of one data source, as long as anybody wants to hear of one. */
export class DataSourceObserver {
  static readonly #observers = new WeakMap<DataSourceShape, DataSourceObserver>();

  /** The one observer of this data source. */
  static of(dataSource: DataSourceShape): DataSourceObserver {
    let observer = DataSourceObserver.#observers.get(dataSource);
    if (observer === undefined) {
      observer = new DataSourceObserver(dataSource);
      DataSourceObserver.#observers.set(dataSource, observer);
    }
    return observer;
  }

  readonly #journal = new TransactionJournal();
  readonly #tables: TrackedTables;
  readonly #criteriaWrites: CriteriaWrites;
  readonly #durableWrites: DurableWrites;
  readonly #subscriber: WriteSubscriber;
  #undo: (() => void)[] = [];

  private constructor(private readonly dataSource: DataSourceShape) {
    this.#tables = new TrackedTables(dataSource.entityMetadatas);
    this.#criteriaWrites = new CriteriaWrites(this.#tables, this.#journal);
    this.#durableWrites = new DurableWrites(this.#tables);
    this.#subscriber = new WriteSubscriber(this.#tables, this.#journal, this.#criteriaWrites.isCovered);
  }

  /** Tells of the writes of an entity from now on; returns the function that ends it. */
  track(entity: TrackedEntity): () => void {
    if (this.#tables.isEmpty) this.#start();
    this.#tables.add(entity);
    return () => {
      this.#tables.delete(entity);
      if (this.#tables.isEmpty) this.#stop();
    };
  }

  #start(): void {
    const { dataSource } = this;
    dataSource.subscribers.push(this.#subscriber);
    this.#undo = [
      () => dataSource.subscribers.splice(dataSource.subscribers.indexOf(this.#subscriber), 1),
      observeRawWrites(dataSource, this.#tables, this.#journal),
      this.#observe(dataSource.manager),
      // Every transaction has an entity manager of its own.
      wrapMethod(dataSource, 'createEntityManager', (_, proceed) => {
        const manager = proceed() as EntityManagerShape;
        this.#observe(manager);
        return manager;
      }),
    ];
  }

  #observe(manager: EntityManagerShape): () => void {
    const undo = [this.#criteriaWrites.observe(manager), this.#durableWrites.observe(manager)];
    // The last that stepped in front of a method is the first to leave.
    return () => undo.reverse().forEach((restore) => restore());
  }

  #stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
