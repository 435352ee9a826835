import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer, RedisServer } from '@nest-strata/testing';
import { RunningStorytime } from './support/running-storytime.js';

describe('storytime while Redis comes and goes', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let api: RunningStorytime;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
    await redis.kill();
    api = await RunningStorytime.start({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  }, 120_000);

  afterAll(async () => {
    await api.stop();
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  const nameOf = async (path: string): Promise<unknown> => ((await api.get(path)).body as { name: string }).name;

  const rename = async (name: string): Promise<void> => {
    await api.patch('/heroes/luna', { name });
    expect(await nameOf('/heroes/luna')).toBe(name);
    expect((await api.get(`/heroes?name=${name}`)).body).toMatchObject([{ id: 'luna' }]);
  };

  const cacheState = async (): Promise<unknown> => {
    const { body } = await api.get('/health');
    return (body as { details: { cache: { state: string } } }).details.cache.state;
  };

  const untilCacheIs = async (state: string): Promise<void> => {
    while ((await cacheState()) !== state) await pause(20);
  };

  it('starts without Redis, serves reads and writes, and says that its cache is degraded', async () => {
    await rename('Luna-1');

    expect((await api.get('/health')).body).toMatchObject({
      status: 'degraded',
      details: { database: { status: 'up' }, cache: { state: 'degraded', redis: { state: 'away' } } },
    });
  });

  it('takes Redis into use when it comes', async () => {
    await redis.restart();
    await untilCacheIs('up');
    await rename('Luna-2');

    expect((await api.get('/health')).body).toMatchObject({ status: 'ok' });
  });

  it('answers every request, promptly and with what is true, while Redis is killed under load and comes back', async () => {
    const longestMs: number[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const beganMs = performance.now();
        await api.get('/heroes?language=en');
        await api.get('/stories/half-a-walnut');
        longestMs.push(performance.now() - beganMs);
      }
    };
    const clients = [client(), client(), client()];

    await pause(300);
    await redis.kill();
    await rename('Luna-3');
    await pause(300);
    await rename('Luna-4');
    await redis.restart();
    await rename('Luna-5');
    await untilCacheIs('up');
    await rename('Luna-6');
    isOver = true;
    await Promise.all(clients);

    expect(Math.max(...longestMs)).toBeLessThan(2_000);
  });

  it('answers while Redis hangs', async () => {
    redis.pause();
    const beganMs = performance.now();
    await rename('Luna-7');
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    redis.resume();
    await untilCacheIs('up');
    expect(await nameOf('/heroes/luna')).toBe('Luna-7');
  });
});
