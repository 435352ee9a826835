import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { PostgresServer, RedisServer } from '@nest-strata/testing';
import { AudioFile, AudioFormat } from '../src/stories/audio-file.js';
import { Rating } from '../src/stories/rating.js';
import { StoryLength } from '../src/stories/story-length.js';
import { Story } from '../src/stories/story.entity.js';
import { StoryRepository } from '../src/stories/story.repository.js';
import { describeApi } from './support/api.contract.js';
import { RunningStorytime } from './support/running-storytime.js';

describe('storytime on a PostgreSQL server', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const start = async (database: string, settings: Record<string, string> = {}): Promise<RunningStorytime> =>
    RunningStorytime.start({
      DATABASE_URL: await postgres.createDatabase(database),
      REDIS_URL: redis.url,
      CACHE_NAMESPACE: database,
      ...settings,
    });

  describe('caching in memory and in Redis', () => {
    describeApi(() => start('two_tiers'));
  });

  describe('caching in Redis alone', () => {
    describeApi(() => start('redis_alone', { CACHE_MEMORY_ENABLED: 'false' }));

    it('reads a story from Redis as what it was', async () => {
      const api = await start('fidelity', { CACHE_MEMORY_ENABLED: 'false' });
      const stories = api.app.get(StoryRepository);
      const loaded = await stories.findById('half-a-walnut');
      const cached = await stories.findById('half-a-walnut');
      const { body } = await api.get('/health');
      await api.stop();

      expect(body).toMatchObject({ details: { cache: { hitRate: 0.5 } } });
      expect(cached).toStrictEqual(loaded);
      expect(cached).not.toBe(loaded);
      expect(cached).toBeInstanceOf(Story);
      expect(cached?.createdAt).toBeInstanceOf(Date);
      expect(cached?.length).toBe(StoryLength.Medium);
      expect(cached?.rating).toStrictEqual(new Rating(4));
      expect(cached?.rating?.isFavourite).toBe(true);
      expect(cached?.audioFiles).toStrictEqual([
        new AudioFile(new URL('https://storytime.example/audio/half-a-walnut.mp3'), AudioFormat.Mp3, 96),
      ]);
      expect(cached?.audioFiles[0]?.clock).toBe('1:36');
    });
  });

  it('answers 409 when the child of a new story is deleted meanwhile', async () => {
    const api = await start('conflict');
    await api.get('/children/ada');
    const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] ?? '' });
    await client.connect();
    await client.query("DELETE FROM story WHERE child_id = 'ada'");
    await client.query("DELETE FROM child WHERE id = 'ada'");
    await client.end();

    const { body } = await api.post('/stories', { title: 'T', body: 'B', language: 'en', childId: 'ada' }, 409);
    await api.stop();

    expect(body).toMatchObject({ title: 'Conflict', status: 409 });
  });

  describe('in two processes that start at the same time', () => {
    it('shows the write of the one in the other at once, though both have it in memory', async () => {
      const shared = {
        DATABASE_URL: await postgres.createDatabase('shared'),
        REDIS_URL: redis.url,
        CACHE_NAMESPACE: 'shared',
      };
      const [one, other] = await Promise.all([RunningStorytime.start(shared), RunningStorytime.start(shared)]);
      const seenInOther = async (): Promise<[language: string, speakers: number]> => {
        const [hero, list] = await Promise.all([other.get('/heroes/luna'), other.get('/heroes?language=fr')]);
        return [(hero.body as { language: string }).language, (list.body as unknown[]).length];
      };
      for (let reads = 0; reads < 3; reads++) expect(await seenInOther()).toEqual(['en', 2]);

      await one.patch('/heroes/luna', { language: 'fr' });
      const writtenMs = performance.now();
      while ((await seenInOther()).join() !== 'fr,3') await pause(5);

      expect(performance.now() - writtenMs).toBeLessThan(500);
      await Promise.all([one.stop(), other.stop()]);
    });
  });
});
