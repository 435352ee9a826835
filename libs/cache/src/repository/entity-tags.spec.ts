import { describe, expect, it } from '@jest/globals';
import { CacheStrategy } from './cache-strategy.js';
import { list, unique } from './entity-index.js';
import { EntityTags } from './entity-tags.js';

interface Hero {
  id?: number;
  name: string;
  powers: string[];
}

class HeroStrategy extends CacheStrategy<Hero> {
  override readonly entity = 'hero';
  override readonly ttl = '1h';
  override readonly indexes = { findByName: unique<Hero>('name') };
  override readonly lists = { findByPower: list<Hero>('powers') };

  override id(hero: Hero): number | undefined {
    return hero.id;
  }

  override tags(hero: Hero): string[] {
    return [`team:${hero.powers.length}`];
  }
}

const tags = new EntityTags('hero', new HeroStrategy());
const arthur = { id: 1, name: 'Arthur', powers: ['sword', 'luck'] };

describe('the tags of an entry', () => {
  it('are those of each entity in it, and what the strategy adds', () => {
    expect(tags.ofEntity(arthur)).toEqual(['hero:1', 'team:2']);
  });

  it('are unknown for an entity without an id', () => {
    expect(tags.ofEntity({ name: 'Arthur', powers: [] })).toBeUndefined();
  });
});

describe('the tags that a change invalidates', () => {
  it('are those of the ids, of the rows, of every index value of the rows, and of all', () => {
    const change = { ids: [1, 2], rows: [arthur, { ...arthur, powers: ['luck', 'crown'] }] };

    expect(new Set(tags.ofChange(change))).toEqual(
      new Set([
        ...['hero:1', 'hero:2', 'hero.findByName:Arthur', 'hero.all'],
        ...['hero.findByPower:sword', 'hero.findByPower:luck', 'hero.findByPower:crown'],
      ]),
    );
  });

  it('are none when nothing changed', () => {
    expect(tags.ofChange({})).toEqual([]);
    expect(tags.ofChange({ ids: [], rows: [] })).toEqual([]);
  });

  it('are that of everything, and that of all, when nobody knows what changed', () => {
    expect(tags.ofChange('everything')).toEqual(['hero', 'hero.all']);
    expect(tags.ofChange({ rows: [{ name: 'nobody', powers: [] }] })).toEqual(['hero', 'hero.all']);
  });

  it('are no more when they would be too many', () => {
    const ids = Array.from({ length: 1_000 }, (_, id) => id);

    expect(tags.ofChange({ ids })).toEqual(['hero', 'hero.all']);
    expect(tags.ofChange({ ids: ids.slice(1) })).toHaveLength(1_000);
  });
});
