import { CacheStrategy, list } from '@nest-strata/cache';
import { Hero } from './hero.entity.js';

/** Heroes by id, by language, by name and all of them. They change rarely, so they are kept for long. */
export class HeroCacheStrategy extends CacheStrategy<Hero, string> {
  readonly entity = Hero;
  readonly ttl = '1h';
  override readonly lists = {
    findByLanguage: list<Hero>('language'),
    findByName: list<Hero>('name'),
  };

  id(hero: Hero): string {
    return hero.id;
  }
}
