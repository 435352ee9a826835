/** The examples of docs/decorators.md, compiled. */
import { applyDecorators, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  attachCache,
  Cacheable,
  CacheConfig,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheService,
  Caching,
  fromResult,
} from '@nest-strata/cache';
import { Observable, of } from 'rxjs';

export interface Hero {
  readonly id: number;
  readonly name: string;
  readonly language: string;
}

export abstract class HeroRepository {
  abstract findById(id: number): Promise<Hero | undefined>;
  abstract findByLanguage(language: string): Promise<Hero[]>;
  abstract save(hero: Omit<Hero, 'id'>): Promise<Hero>;
  abstract remove(id: number): Promise<void>;
}

// #region quick-start
@Injectable()
export class HeroService {
  constructor(private readonly heroes: HeroRepository) {}

  @Cacheable({ key: (id: number) => `hero:${id}`, ttl: '1h' })
  async find(id: number): Promise<Hero | undefined> {
    return this.heroes.findById(id);
  }

  @CacheEvict({ key: (id: number) => `hero:${id}` })
  async remove(id: number): Promise<void> {
    await this.heroes.remove(id);
  }
}

@Module({ imports: [CacheModule.forRoot()], providers: [HeroService /* … */] })
export class AppModule {}
// #endregion

// #region rules
@CacheConfig({ cache: 'heroes', ttl: '1h' })
@Injectable()
export class HeroCatalogue {
  constructor(private readonly heroes: HeroRepository) {}

  // Known heroes live for an hour, unknown ones for a minute; those under construction are not cached.
  @Cacheable({
    key: (id: number) => `hero:${id}`,
    ttl: (hero: Hero | undefined) => (hero ? '1h' : '1m'),
    tags: (id: number) => [`hero:${id}`],
    condition: (_id: number, isPreview = false) => !isPreview,
    unless: (hero: Hero | undefined) => hero?.name === '',
  })
  async find(id: number, _isPreview = false): Promise<Hero | undefined> {
    return this.heroes.findById(id);
  }

  // The list carries the tag of each hero in it, so that a change of one of them evicts the list.
  @Cacheable({
    key: (language: string) => `heroes:${language}`,
    tags: fromResult((heroes: Hero[]) => heroes.map(({ id }) => `hero:${id}`)),
  })
  async speaking(language: string): Promise<Hero[]> {
    return this.heroes.findByLanguage(language);
  }

  // The id is known only from the result. What a put stores carries the tags of the put.
  @CachePut({
    key: fromResult((hero: Hero) => `hero:${hero.id}`),
    tags: fromResult((hero: Hero) => [`hero:${hero.id}`]),
  })
  @CacheEvict({ key: (draft: Omit<Hero, 'id'>) => `heroes:${draft.language}` })
  async create(draft: Omit<Hero, 'id'>): Promise<Hero> {
    return this.heroes.save(draft);
  }

  @CacheEvict({ tags: (id: number) => [`hero:${id}`] })
  async remove(id: number): Promise<void> {
    await this.heroes.remove(id);
  }

  @CacheEvict({ all: true, beforeInvocation: true })
  async reimport(): Promise<void> {
    // …
  }
}
// #endregion

// #region refresh
@Injectable()
export class ForecastService {
  @Caching({
    cacheable: { key: (city: string) => `forecast:${city}` },
    put: { key: (city: string) => `forecast:${city}`, condition: (_city: string, isForced = false) => isForced },
  })
  async forecast(city: string, _isForced = false): Promise<string> {
    return Promise.resolve(`sun in ${city}`);
  }
}
// #endregion

// #region tenant
@Injectable({ scope: Scope.REQUEST })
export class TenantService {
  constructor(@Inject(REQUEST) private readonly request: { readonly tenant: string }) {}

  @Cacheable({
    key(this: TenantService, id: number) {
      return `${this.request.tenant}:hero:${id}`;
    },
  })
  async find(id: number): Promise<string> {
    return Promise.resolve(`${this.request.tenant}'s hero ${id}`);
  }
}
// #endregion

// #region compose
/** Caches what one hero is derived from, for an hour, under that hero's tag. */
export const CachedPerHero = () =>
  applyDecorators(Cacheable({ ttl: '1h', tags: (heroId: number) => [`hero:${heroId}`] }));
// #endregion

export class PortraitService {
  @CachedPerHero()
  async portrait(heroId: number): Promise<string> {
    return Promise.resolve(`portrait of ${heroId}`);
  }

  // #region observable
  @Cacheable({ key: (id: number) => `quote:${id}`, ttl: '5m' })
  quote(id: number): Observable<string> {
    return of(`quote of ${id}`);
  }
  // #endregion
}

// #region attach
export const portraitProvider = {
  provide: PortraitService,
  inject: [CacheService],
  useFactory: (cache: CacheService) => attachCache(new PortraitService(), cache),
};
// #endregion
