import { Injectable } from '@nestjs/common';
import { Hero } from './hero.js';
import type { HeroFields, Language } from './hero.js';

/** A repository that is no more than a class: its rows are in a Map. It counts its calls and can be made to wait. */
@Injectable()
export class MemoryHeroRepository {
  readonly rows = new Map<number, HeroFields>();
  readonly calls: string[] = [];
  /** What every call awaits before it looks at the rows, and after: to hold one up there. */
  beforeRows: () => Promise<void> = () => Promise.resolve();
  afterRows: () => Promise<void> = () => Promise.resolve();

  async findById(id: number): Promise<Hero | null> {
    return this.#call(`findById ${id}`, () => this.#load([id])[0] ?? null);
  }

  async findByIds(ids: readonly number[]): Promise<Hero[]> {
    return this.#call(`findByIds ${ids.join()}`, () => this.#load([...ids].reverse()));
  }

  async findAll(options?: { limit: number }): Promise<Hero[]> {
    return this.#call('findAll', () => this.#load([...this.rows.keys()]).slice(0, options?.limit));
  }

  async findByName(name: string): Promise<Hero | undefined> {
    return this.#call(`findByName ${name}`, () => this.#where((hero) => hero.name === name)[0]);
  }

  async findByLanguage(language: Language): Promise<Hero[]> {
    return this.#call(`findByLanguage ${language}`, () => this.#where((hero) => hero.language === language));
  }

  async findByPower(power: string): Promise<Hero[]> {
    return this.#call(`findByPower ${power}`, () => this.#where((hero) => hero.powers.includes(power)));
  }

  async findByNameAndLanguage(name: string, language: Language): Promise<Hero[]> {
    return this.#call(`findByNameAndLanguage ${name},${language}`, () =>
      this.#where((hero) => hero.name === name && hero.language === language),
    );
  }

  async create(fields: Omit<HeroFields, 'id'>): Promise<Hero> {
    return this.#call('create', () => this.#store({ ...fields, id: this.rows.size + 1 }));
  }

  async save(hero: HeroFields): Promise<Hero> {
    return this.#call(`save ${hero.id}`, () => this.#store(hero));
  }

  async saveMany(heroes: readonly HeroFields[]): Promise<void> {
    return this.#call('saveMany', () => void heroes.map((hero) => this.#store(hero)));
  }

  async update(id: number, changes: Partial<HeroFields>): Promise<void> {
    const hero = await this.findById(id);
    return this.#call(`update ${id}`, () => {
      if (hero) this.#store(Object.assign(hero, changes));
    });
  }

  async rename(name: string, newName: string): Promise<void> {
    return this.#call('rename', () =>
      this.#where((hero) => hero.name === name).forEach((hero) => this.#store(Object.assign(hero, { name: newName }))),
    );
  }

  async delete(id: number): Promise<boolean> {
    return this.#call(`delete ${id}`, () => this.rows.delete(id));
  }

  /** The calls since the last time. */
  takeCalls(): string[] {
    return this.calls.splice(0);
  }

  async #call<T>(name: string, work: () => T): Promise<T> {
    this.calls.push(name);
    await this.beforeRows();
    const result = work();
    await this.afterRows();
    return result;
  }

  #store(fields: HeroFields): Hero {
    this.rows.set(fields.id, { ...fields });
    return new Hero(fields);
  }

  #load(ids: readonly number[]): Hero[] {
    return ids.flatMap((id) => {
      const row = this.rows.get(id);
      return row ? [new Hero({ ...row, powers: [...(row.powers ?? [])] })] : [];
    });
  }

  #where(matches: (hero: Hero) => boolean): Hero[] {
    return this.#load([...this.rows.keys()]).filter(matches);
  }
}
