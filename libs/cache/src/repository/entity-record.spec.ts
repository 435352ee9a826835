import { describe, expect, it } from '@jest/globals';
import { TypeRegistry } from '@nest-strata/engine';
import { CacheStrategy } from './cache-strategy.js';
import { EntityRecords } from './entity-record.js';

class Rating {
  constructor(readonly stars: number) {}
}

class Story {
  rating: unknown = null;
  tags = ['owls'];
  toldAt = new Date(0);

  constructor(readonly id: number) {}

  get isGood(): boolean {
    return this.rating instanceof Rating && this.rating.stars > 3;
  }
}

class Serial extends Story {}

class StoryStrategy extends CacheStrategy<Story> {
  override readonly entity: typeof Story | string = Story;
  override readonly ttl = '1h';

  override id(story: Story): number {
    return story.id;
  }
}

const types = new TypeRegistry().register(Rating);
const records = new EntityRecords(new StoryStrategy(), types);

/** The entity as a repository without classes returns it. */
function fields(story: Story): Story {
  return Object.assign({} as Story, story);
}

function bringBack<E extends object>(entity: E, by: EntityRecords<E, number>): E {
  return by.toEntity(by.toRecord(entity));
}

describe('EntityRecords', () => {
  it('brings an instance back as a new instance of its class', () => {
    const story = Object.assign(new Story(1), { rating: new Rating(5) });
    const back = bringBack(story, records);

    expect(back).toEqual(story);
    expect(back).toBeInstanceOf(Story);
    expect(back.isGood).toBe(true);
    expect(back).not.toBe(story);
  });

  it('gives entities that can be changed without a trace in the record, even if that is frozen', () => {
    const record = records.toRecord(new Story(1));
    Object.freeze(record);
    Object.freeze((record as Story).tags);
    const back = records.toEntity(record);
    back.tags.push('space');
    back.toldAt.setTime(1);
    back.rating = 3;

    expect(records.toEntity(record)).toEqual(new Story(1));
  });

  it('keeps an instance without what its class only computes', () => {
    expect(records.toRecord(new Story(1))).toEqual({ id: 1, rating: null, tags: ['owls'], toldAt: new Date(0) });
  });

  it('makes instances of plain objects, where the strategy names a class', () => {
    expect(bringBack(fields(new Story(1)), records)).toBeInstanceOf(Story);
    expect(bringBack(Object.assign(Object.create(null) as Story, { id: 2 }), records)).toBeInstanceOf(Story);
  });

  it('leaves plain objects what they are, where the strategy names no class', () => {
    class Plain extends StoryStrategy {
      override readonly entity = 'story';
    }
    const back = bringBack(fields(new Story(1)), new EntityRecords(new Plain(), types));

    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it('refuses an instance of another class, unless that is registered', () => {
    expect(records.toRecord(new Serial(1))).toBeUndefined();

    const knowing = new EntityRecords(new StoryStrategy(), new TypeRegistry().register(Serial));
    expect(bringBack(new Serial(1), knowing)).toBeInstanceOf(Serial);
  });

  it('lets the strategy decide what is stored', () => {
    class Numbered extends StoryStrategy {
      override serialize(story: Story): unknown {
        return story.id;
      }

      override deserialize(stored: unknown): Story {
        return new Serial(stored as number);
      }
    }
    const own = new EntityRecords(new Numbered(), types);

    expect(own.toRecord(new Story(7))).toBe(7);
    expect(own.toEntity(7)).toEqual(new Serial(7));
  });

  it('refuses what no cache can carry, and names it', () => {
    const story = Object.assign(new Story(1), { rating: { give: () => 5 } });

    expect(() => records.toRecord(story)).toThrow(/at \$\.rating\.give/);
  });

  it('cuts the record off from the entity', () => {
    const story = new Story(1);
    const record = records.toRecord(story);
    story.tags.push('space');

    expect(record).toMatchObject({ tags: ['owls'] });
  });

  it('does not let a stored __proto__ become the prototype', () => {
    const back = records.toEntity(JSON.parse('{"id":1,"__proto__":{"isAdmin":true}}'));

    expect(back).toBeInstanceOf(Story);
    expect((back as unknown as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});
