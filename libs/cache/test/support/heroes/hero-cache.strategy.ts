import { Injectable } from '@nestjs/common';
import { CacheStrategy, list, unique } from '@nest-strata/cache';
import { Hero } from './hero.js';

/** How the heroes of {@link MemoryHeroRepository} are cached. */
@Injectable()
export class HeroCacheStrategy extends CacheStrategy<Hero> {
  readonly entity = Hero;
  readonly ttl = '1h';
  override readonly indexes = { findByName: unique<Hero>('name') };
  override readonly lists = {
    findByLanguage: list<Hero>('language'),
    findByPower: list<Hero>('powers'),
    findByNameAndLanguage: list<Hero>('name', 'language'),
  };
  override readonly writes = { rename: 'everything' } as const;

  id(hero: Hero): number {
    return hero.id;
  }
}
