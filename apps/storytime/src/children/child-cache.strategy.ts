import { CacheStrategy, list } from '@nest-strata/cache';
import { Child } from './child.entity.js';

/** Children by id, by name, by exact name, age and gender, by each of their interests, and all of them. */
export class ChildCacheStrategy extends CacheStrategy<Child, string> {
  readonly entity = Child;
  readonly ttl = '30m';
  override readonly lists = {
    findByName: list<Child>('name'),
    findByNameAgeGender: list<Child>('name', 'age', 'gender'),
    findByInterest: list<Child>('interests'),
  };

  id(child: Child): string {
    return child.id;
  }
}
