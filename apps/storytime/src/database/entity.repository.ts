import { type DeepPartial, type FindOptionsOrder, type FindOptionsWhere, In, type Repository } from 'typeorm';

/** Some fields of an entity, and what they shall become. */
export type Changes<E> = { [Field in Exclude<keyof E, 'id' | 'createdAt'>]?: E[Field] | undefined };

/** What the app does with the rows of one table; a subclass adds the finders of its entity. */
export abstract class EntityRepository<E extends { id: string }> {
  protected abstract readonly order: FindOptionsOrder<E>;

  constructor(protected readonly rows: Repository<E>) {}

  findById(id: string): Promise<E | null> {
    return this.rows.findOneBy({ id } as FindOptionsWhere<E>);
  }

  /** Those of the ids that exist, in no particular order. */
  findByIds(ids: readonly string[]): Promise<E[]> {
    return this.find({ id: In(ids) } as FindOptionsWhere<E>);
  }

  findAll(): Promise<E[]> {
    return this.find({});
  }

  /** Inserts the entity, or overwrites the row with its id. */
  save(entity: E): Promise<E> {
    return this.rows.save(entity);
  }

  /** Changes the given fields under a row lock; undefined leaves a field alone. Null when there is no such row. */
  update(id: string, changes: Changes<E>): Promise<E | null> {
    return this.rows.manager.transaction(async (transaction) => {
      const rows = transaction.withRepository(this.rows);
      const row = await rows.findOne({
        where: { id } as FindOptionsWhere<E>,
        lock: { mode: 'pessimistic_write' },
      });
      return row && rows.save(rows.merge(row, changes as DeepPartial<E>));
    });
  }

  /** True when there was such a row. */
  async delete(id: string): Promise<boolean> {
    const { affected } = await this.rows.delete(id);
    return affected === 1;
  }

  /** Deletes those that exist. */
  async deleteMany(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.rows.delete([...ids]);
  }

  protected find(where: FindOptionsWhere<E>): Promise<E[]> {
    return this.rows.find({ where, order: this.order });
  }
}
