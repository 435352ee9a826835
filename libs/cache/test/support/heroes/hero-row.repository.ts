import { In } from 'typeorm';
import type { Repository } from 'typeorm';
import type { Language } from './hero.js';
import type { HeroRow } from './hero.table.js';

/** A repository as applications write it: a class that holds TypeORM's, and knows nothing of the cache. */
export class HeroRowRepository {
  readonly calls: string[] = [];

  constructor(private readonly rows: Repository<HeroRow>) {}

  findById(id: number): Promise<HeroRow | null> {
    this.calls.push(`findById ${id}`);
    return this.rows.findOneBy({ id });
  }

  findByIds(ids: readonly number[]): Promise<HeroRow[]> {
    this.calls.push(`findByIds ${ids.join()}`);
    return this.rows.findBy({ id: In(ids) });
  }

  findAll(): Promise<HeroRow[]> {
    this.calls.push('findAll');
    return this.rows.find({ order: { id: 'ASC' } });
  }

  findByName(name: string): Promise<HeroRow | null> {
    this.calls.push(`findByName ${name}`);
    return this.rows.findOneBy({ name });
  }

  findByLanguage(language: Language): Promise<HeroRow[]> {
    this.calls.push(`findByLanguage ${language}`);
    return this.rows.findBy({ language });
  }

  save(hero: Partial<HeroRow> & { id: number }): Promise<HeroRow> {
    return this.rows.save(this.rows.create(hero));
  }

  /** Reads and writes the row under one lock, in a transaction of its own. */
  translate(id: number, language: Language): Promise<HeroRow> {
    return this.rows.manager.transaction(async (transaction) => {
      const rows = transaction.withRepository(this.rows);
      const hero = await rows.findOneOrFail({ where: { id }, lock: { mode: 'pessimistic_write' } });
      return rows.save(rows.merge(hero, { language }));
    });
  }

  /** With SQL on a connection of its own, of which nobody hears. */
  async rejuvenate(): Promise<void> {
    const connection = this.rows.manager.dataSource.createQueryRunner();
    await connection.query('UPDATE hero SET age = 0');
    await connection.release();
  }
}
