import { CacheStrategy, list, unique } from '@nest-strata/cache';
import { HeroRow } from './hero.table.js';

/** How heroes are cached that are rows of PostgreSQL. */
export class HeroRowStrategy extends CacheStrategy<HeroRow> {
  readonly entity = HeroRow;
  override readonly name = 'hero';
  readonly ttl = '1h';
  override readonly indexes = { findByName: unique<HeroRow>('name') };
  override readonly lists = { findByLanguage: list<HeroRow>('language') };

  id(hero: HeroRow): number {
    return hero.id;
  }
}
