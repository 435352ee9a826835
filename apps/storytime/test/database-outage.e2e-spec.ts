import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer } from '@nest-strata/testing';
import { RunningStorytime } from './support/running-storytime.js';

describe('storytime without its database', () => {
  let api: RunningStorytime;

  beforeAll(async () => {
    const postgres = await PostgresServer.start();
    api = await RunningStorytime.start({ DATABASE_URL: postgres.url, CACHE_HERO_TTL: '100ms' });
    await api.get('/heroes/luna');
    await postgres.stop();
    await pause(100);
  }, 120_000);

  afterAll(() => api.stop());

  it('fails its health check in the form of Terminus', async () => {
    const { body } = await api.get('/health', 503);

    expect(body).toMatchObject({
      status: 'error',
      error: { database: { status: 'down' } },
      details: { cache: { status: 'up' } },
    });
  });

  it('answers what it has known within the last hour, though its time is over', async () => {
    expect((await api.get('/heroes/luna')).body).toMatchObject({ id: 'luna', name: 'Luna' });
  });

  it('answers what it cannot know with a problem that tells nothing of its insides', async () => {
    const { body, headers } = await api.get('/heroes/pip', 500);

    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(body).toEqual({
      title: 'Internal Server Error',
      status: 500,
      detail: 'The request failed for a reason that is not its own. It may work later.',
    });
  });
});
