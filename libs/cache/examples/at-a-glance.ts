/** The example of the README at the top, compiled. */
import { Injectable, Module } from '@nestjs/common';
import { Cacheable, CacheEvict, CacheModule, CacheService } from '@nest-strata/cache';

interface Hero {
  readonly id: number;
  readonly language: string;
}

abstract class HeroRepository {
  abstract findByLanguage(language: string): Promise<Hero[]>;
  abstract create(hero: Hero): Promise<Hero>;
  abstract countAll(): Promise<number>;
}

// #region at-a-glance
@Injectable()
export class HeroService {
  constructor(
    private readonly heroes: HeroRepository,
    private readonly cache: CacheService,
  ) {}

  @Cacheable({ ttl: '10m', tags: (language: string) => [`heroes:${language}`] })
  async speaking(language: string): Promise<Hero[]> {
    return this.heroes.findByLanguage(language); // once per language, however many ask at once
  }

  @CacheEvict({ tags: (hero: Hero) => [`heroes:${hero.language}`] })
  async create(hero: Hero): Promise<Hero> {
    return this.heroes.create(hero);
  }

  async count(): Promise<number> {
    return this.cache.getOrSet('hero-count', () => this.heroes.countAll(), { ttl: '30s' });
  }
}

// In memory without options; with `redis` in memory and Redis, shared by every process of the namespace.
@Module({
  imports: [CacheModule.forRoot({ namespace: 'storytime', redis: { url: 'redis://localhost:6379' } })],
  providers: [HeroService],
})
export class AppModule {}
// #endregion
