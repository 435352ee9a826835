import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheModule, getCachedRepositoryToken } from '@nest-strata/cache';
import type { CachedRepository, CacheModuleOptions, CacheStrategy } from '@nest-strata/cache';
import { eventually, RedisServer } from '@nest-strata/testing';
import { HeroCacheStrategy } from './support/heroes/hero-cache.strategy.js';
import { Hero, Language } from './support/heroes/hero.js';
import { MemoryHeroRepository } from './support/heroes/memory-hero.repository.js';

const ARTHUR = { id: 1, name: 'Arthur', language: Language.English, powers: ['sword'] };

@Injectable()
class BehindStrategy extends HeroCacheStrategy {
  override readonly write = 'behind';
  override readonly writeBehind = { interval: '10ms', retryDelay: '5ms', maxAttempts: 2 } as const;
}

const apps: TestingModule[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function boot(
  options: CacheModuleOptions,
  strategy: new () => CacheStrategy<Hero> = BehindStrategy,
): Promise<{ heroes: MemoryHeroRepository; cached: CachedRepository<Hero> }> {
  const app = await Test.createTestingModule({
    imports: [CacheModule.forRoot(options), CacheModule.forFeature([{ repository: MemoryHeroRepository, strategy }])],
    providers: [MemoryHeroRepository],
  })
    .setLogger(false as never)
    .compile();
  await app.init();
  apps.push(app);
  const heroes = app.get(MemoryHeroRepository);
  heroes.rows.set(ARTHUR.id, ARTHUR);
  return { heroes, cached: app.get<CachedRepository<Hero>>(getCachedRepositoryToken(MemoryHeroRepository)) };
}

let namespaces = 0;

describe.each<[string, () => CacheModuleOptions]>([
  ['in memory', () => ({})],
  ['over Redis', () => ({ namespace: `queue-${String(namespaces++)}`, redis: { url: redis.url, deadline: '2s' } })],
])('saves that were given up, %s', (_, optionsOf) => {
  /** A hero whose save the database has refused for good. */
  async function withDeadSave() {
    const { heroes, cached } = await boot(optionsOf());
    const { queue } = cached;
    if (queue === undefined) throw new Error('there is no queue');
    heroes.beforeRows = () => Promise.reject(new Error('the disk is full'));
    await heroes.save(new Hero({ ...ARTHUR, name: 'King Arthur' }));
    await eventually(() => queue.stats().dead === 1);
    heroes.beforeRows = () => Promise.resolve();
    return { heroes, queue };
  }

  it('can be seen, as entities, with the reason', async () => {
    const { queue } = await withDeadSave();
    const [dead, ...others] = await queue.deadLetters();
    expect(dead).toEqual({
      letterId: expect.any(String),
      key: 'hero:1',
      entity: new Hero({ ...ARTHUR, name: 'King Arthur' }),
      attempts: 2,
      error: expect.stringContaining('the disk is full'),
    });
    expect(dead?.entity).toBeInstanceOf(Hero);
    expect(others).toEqual([]);
    expect(queue.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
  });

  it('are saved when they are redriven, and are read then', async () => {
    const { heroes, queue } = await withDeadSave();
    expect((await heroes.findById(1))?.name).toBe('Arthur');
    await expect(queue.redrive('all')).resolves.toEqual({ redriven: 1, superseded: 0, refused: 0 });
    await eventually(() => heroes.rows.get(1)?.name === 'King Arthur');
    await expect(queue.deadLetters()).resolves.toEqual([]);
    await eventually(async () => (await heroes.findById(1))?.name === 'King Arthur');
  });

  it('are gone when they are discarded', async () => {
    const { heroes, queue } = await withDeadSave();
    const letters = await queue.deadLetters(1);
    await expect(queue.discard(letters.map(({ letterId }) => letterId))).resolves.toBe(1);
    await expect(queue.redrive('all')).resolves.toMatchObject({ redriven: 0 });
    expect(heroes.rows.get(1)?.name).toBe('Arthur');
  });
});

describe('a repository that does not write behind', () => {
  it('has no queue', async () => {
    expect((await boot({}, HeroCacheStrategy)).cached.queue).toBeUndefined();
  });
});
