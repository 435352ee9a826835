/** The examples of docs/repositories.md, compiled. */
import { Injectable, Module } from '@nestjs/common';
import { CachedRepository, CacheModule, CacheStrategy, InjectCachedRepository, list, unique } from '@nest-strata/cache';

interface HeroFields {
  name: string;
  language: string;
}

class Hero {
  id!: number;
  name!: string;
  language!: string;
}

class Child {
  id!: number;
  name!: string;
  age!: number;
  interests!: string[];
  parent!: { email: string };
}

class Rating {
  constructor(readonly stars: number) {}
}

class Story {
  id!: string;
  title!: string;
  rating!: Rating;
}

declare class Rows {
  heroes(where?: Partial<Hero>): Promise<Hero[]>;
  write(hero: Hero): Promise<void>;
}

// #region repository
@Injectable()
export class HeroRepository {
  constructor(private readonly rows: Rows) {}

  async findById(id: number): Promise<Hero | undefined> {
    return (await this.rows.heroes({ id }))[0];
  }

  async findByName(name: string): Promise<Hero | undefined> {
    return (await this.rows.heroes({ name }))[0];
  }

  findByLanguage(language: string): Promise<Hero[]> {
    return this.rows.heroes({ language });
  }

  findAll(): Promise<Hero[]> {
    return this.rows.heroes();
  }

  async update(id: number, changes: Partial<HeroFields>): Promise<void> {
    const hero = await this.findById(id);
    if (hero) await this.rows.write(Object.assign(hero, changes));
  }
}
// #endregion

// #region strategy
@Injectable()
export class HeroCacheStrategy extends CacheStrategy<Hero> {
  readonly entity = Hero;
  readonly ttl = '1h';
  override readonly indexes = { findByName: unique<Hero>('name') };
  override readonly lists = { findByLanguage: list<Hero>('language') };

  id(hero: Hero): number {
    return hero.id;
  }
}

@Module({
  imports: [CacheModule.forFeature([{ repository: HeroRepository, strategy: HeroCacheStrategy }])],
  providers: [HeroRepository],
  exports: [HeroRepository],
})
export class HeroesModule {}
// #endregion

// #region indexes
export class ChildCacheStrategy extends CacheStrategy<Child> {
  readonly entity = Child;
  readonly ttl = '30m';
  override readonly reads = { byId: 'findOne', all: false } as const; // not findById; and findAll is not cached
  override readonly indexes = {
    findByEmail: unique((child: Child) => child.parent.email), // a function gives what the method is called with
  };
  override readonly lists = {
    findByNameAndAge: list<Child>('name', 'age'), // findByNameAndAge('Mia', 7), or ({ name: 'Mia', age: 7 })
    findByInterest: list<Child>('interests'), // a list: the child is found by each of them
  };
  override readonly writes = {
    rename: (id: number) => [id], // rename(id, name) changes the child with that id
    importAll: 'everything', // nobody knows which
  } as const;

  id(child: Child): number {
    return child.id;
  }
}
// #endregion

// #region serialize
export class StoryCacheStrategy extends CacheStrategy<Story, string> {
  readonly entity = Story;
  readonly ttl = '10m';

  id(story: Story): string {
    return story.id;
  }

  override serialize({ id, title, rating }: Story): unknown {
    return { id, title, stars: rating.stars };
  }

  override deserialize(stored: unknown): Story {
    const { stars, ...fields } = stored as { id: string; title: string; stars: number };
    return Object.assign(new Story(), fields, { rating: new Rating(stars) });
  }
}
// #endregion

// #region write-modes
export class VersionedHeroStrategy extends CacheStrategy<Hero & { version: number }> {
  readonly entity = 'hero';
  readonly ttl = '1h';
  override readonly write = 'through'; // 'evict' is the default; 'behind' queues save(entity)

  id(hero: Hero): number {
    return hero.id;
  }

  override version(hero: { version: number }): number {
    return hero.version; // an entry is never replaced by that of an older row
  }
}
// #endregion

// #region by-hand
@Injectable()
export class HeroImporter {
  constructor(@InjectCachedRepository(HeroRepository) private readonly heroes: CachedRepository<Hero>) {}

  async imported(ids: number[]): Promise<void> {
    await this.heroes.invalidate(...ids); // also takes heroes; invalidateAll() takes everything
  }

  hitRate(): number {
    return this.heroes.stats().hitRate; // hits, misses, invalidations, fullInvalidations
  }
}
// #endregion

// #region dead-letters
@Injectable()
export class UnsavedHeroes {
  constructor(@InjectCachedRepository(HeroRepository) private readonly heroes: CachedRepository<Hero>) {}

  /** Saves again what failed for want of a connection; the rest is for somebody to look at. */
  async retry(): Promise<void> {
    const dead = (await this.heroes.queue?.deadLetters()) ?? [];
    const lost = dead.filter(({ error }) => error.includes('ECONN'));
    await this.heroes.queue?.redrive(lost.map(({ letterId }) => letterId));
  }
}
// #endregion
