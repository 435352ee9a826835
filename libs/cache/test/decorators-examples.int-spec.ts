import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { CacheModule } from '@nest-strata/cache';
import { lastValueFrom } from 'rxjs';
import {
  ForecastService,
  HeroCatalogue,
  HeroRepository,
  HeroService,
  portraitProvider,
  PortraitService,
} from '../examples/decorators.js';
import type { Hero } from '../examples/decorators.js';

class Heroes extends HeroRepository {
  readonly stored = new Map<number, Hero>();
  reads = 0;

  async findById(id: number): Promise<Hero | undefined> {
    this.reads++;
    return this.stored.get(id);
  }

  async findByLanguage(language: string): Promise<Hero[]> {
    this.reads++;
    return [...this.stored.values()].filter((hero) => hero.language === language);
  }

  async save(draft: Omit<Hero, 'id'>): Promise<Hero> {
    const hero = { ...draft, id: this.stored.size + 1 };
    this.stored.set(hero.id, hero);
    return hero;
  }

  async remove(id: number): Promise<void> {
    this.stored.delete(id);
  }
}

describe('the examples of docs/decorators.md', () => {
  let app: TestingModule;
  afterEach(() => app.close());

  async function boot(): Promise<Heroes> {
    app = await Test.createTestingModule({
      imports: [CacheModule.forRoot({ caches: { heroes: {} } })],
      providers: [
        { provide: HeroRepository, useClass: Heroes },
        HeroService,
        HeroCatalogue,
        ForecastService,
        portraitProvider,
      ],
    }).compile();
    await app.init();
    return app.get<Heroes>(HeroRepository);
  }

  it('read a hero once, until it is removed', async () => {
    const heroes = await boot();
    const service = app.get(HeroService);
    await heroes.save({ name: 'Ann', language: 'en' });

    for (let round = 0; round < 2; round++) await expect(service.find(1)).resolves.toMatchObject({ name: 'Ann' });
    await service.remove(1);
    await expect(service.find(1)).resolves.toBeUndefined();
    expect(heroes.reads).toBe(2);
  });

  it('keep heroes and lists of heroes true through creation and removal', async () => {
    const heroes = await boot();
    const catalogue = app.get(HeroCatalogue);

    await expect(catalogue.speaking('en')).resolves.toEqual([]);
    await catalogue.create({ name: 'Ann', language: 'en' });
    await expect(catalogue.speaking('en')).resolves.toHaveLength(1);
    await expect(catalogue.find(1)).resolves.toMatchObject({ name: 'Ann' });
    expect(heroes.reads).toBe(2);
    await catalogue.find(1, true);
    expect(heroes.reads).toBe(3);

    await catalogue.remove(1);
    await expect(catalogue.find(1)).resolves.toBeUndefined();
    await expect(catalogue.speaking('en')).resolves.toEqual([]);
  });

  it('do not cache a hero without a name', async () => {
    const heroes = await boot();
    const catalogue = app.get(HeroCatalogue);
    heroes.stored.set(7, { id: 7, name: '', language: 'en' });

    await catalogue.find(7);
    await catalogue.find(7);
    expect(heroes.reads).toBe(2);
  });

  it('forget everything on reimport', async () => {
    const heroes = await boot();
    const catalogue = app.get(HeroCatalogue);
    await catalogue.find(1);
    await catalogue.reimport();
    await catalogue.find(1);
    expect(heroes.reads).toBe(2);
  });

  it('read and refresh by one method', async () => {
    await boot();
    const forecasts = app.get(ForecastService);
    await expect(Promise.all([forecasts.forecast('Oslo'), forecasts.forecast('Oslo', true)])).resolves.toEqual([
      'sun in Oslo',
      'sun in Oslo',
    ]);
  });

  it('cache an instance that a factory made, Observables included', async () => {
    await boot();
    const portraits = app.get(PortraitService);
    await expect(portraits.portrait(1)).resolves.toBe('portrait of 1');
    await expect(lastValueFrom(portraits.quote(1))).resolves.toBe('quote of 1');
  });
});
