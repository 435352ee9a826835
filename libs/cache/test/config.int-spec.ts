import { readFile } from 'node:fs/promises';
import { ConfigModule } from '@nestjs/config';
import type { DynamicModule, INestApplication, LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CacheModule, CacheService, getCacheToken } from '@nest-strata/cache';
import type { CacheSettings } from '@nest-strata/cache';
import { cacheConfig, InvalidCacheEnvironmentError, mergeCacheSettings } from '@nest-strata/cache/config';
import { resolveRedisOptions } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { environmentVariables } from '../src/config/environment-variables.js';
import { readCacheEnvironment } from '../src/config/read-cache-environment.js';
import { resolveCacheOptions } from '../src/options/resolve-cache-options.js';

const apps: INestApplication[] = [];
const environment = { ...process.env };
const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() } satisfies LoggerService;

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  process.env = { ...environment };
  jest.clearAllMocks();
});

async function boot(variables: Record<string, string>, module?: () => DynamicModule): Promise<INestApplication> {
  process.env = { ...environment, ...variables };
  const imports = [
    ConfigModule.forRoot({ ignoreEnvFile: true }),
    module?.() ?? CacheModule.forRootAsync(cacheConfig.asProvider()),
  ];
  const testing = await Test.createTestingModule({ imports }).setLogger(logger).compile();
  const app = testing.createNestApplication();
  apps.push(app);
  return app.init();
}

/** A cache of these settings, with the environment over them. */
function over(code: CacheSettings): () => DynamicModule {
  const useFactory = (settings: CacheSettings) => mergeCacheSettings(code, settings);
  return () => CacheModule.forRootAsync({ ...cacheConfig.asProvider(), useFactory });
}

describe('cacheConfig', () => {
  it('caches in memory when nothing is set', async () => {
    const cache = (await boot({})).get(CacheService);
    await cache.set('a', 1);
    expect(await cache.lookup('a')).toMatchObject({ hit: true, tier: 'memory' });
  });

  it('caches in Redis when REDIS_URL is set', async () => {
    await using redis = await RedisServer.start({ password: 'hunter2' });
    const variables = {
      REDIS_URL: redis.url,
      REDIS_PASSWORD: 'hunter2',
      CACHE_NAMESPACE: 'shop',
      CACHE_MEMORY_ENABLED: 'false',
    };
    const app = await boot(variables);
    const cache = app.get(CacheService);
    expect(await cache.set('a', 1)).toEqual({ stored: true });
    expect(await cache.lookup('a')).toMatchObject({ hit: true, tier: 'redis' });
    await app.close();
  });

  it('gives caches their time to live, and logs bare numbers with their unit', async () => {
    const variables = { CACHE_DEFAULT_TTL: '60', CACHE_HEROES_TTL: '5', CACHE_MEMORY_TTL: '1h' };
    const caches = { heroes: { ttl: '1d' as const } };
    const app = await boot(variables, () => CacheModule.forRootAsync({ ...cacheConfig.asProvider(), caches }));
    for (const [cache, ttlMs] of [
      [app.get(CacheService), 60_000],
      [app.get<CacheService>(getCacheToken('heroes')), 5000],
    ] as const) {
      await cache.set('a', 1);
      expect(await cache.ttl('a')).toBeLessThanOrEqual(ttlMs);
      expect(await cache.ttl('a')).toBeGreaterThan(ttlMs - 1000);
    }
    expect(logger.log).toHaveBeenCalledWith(
      'durations without a unit are seconds',
      { CACHE_DEFAULT_TTL: '60s', CACHE_HEROES_TTL: '5s' },
      'CacheConfig',
    );
  });

  it('lays the environment over what the code says', async () => {
    const cache = (await boot({ CACHE_DEFAULT_TTL: '5s' }, over({ namespace: 'shop', ttl: '10m' }))).get(CacheService);
    expect(cache.name).toBe('shop');
    await cache.set('a', 1);
    expect(await cache.ttl('a')).toBeLessThanOrEqual(5000);
  });

  it('boots without the Redis that it switches off, and logs what of the code counts for nothing', async () => {
    const code: CacheSettings = {
      namespace: 'shop',
      redis: { url: 'redis://localhost:1' },
      coherence: 'bus',
      recovery: { failoverWindow: '1m' },
      outbox: true,
    };
    const cache = (await boot({ REDIS_ENABLED: 'false', REDIS_URL: 'redis://localhost:1' }, over(code))).get(
      CacheService,
    );
    expect(await cache.set('a', 1)).toEqual({ stored: true });
    expect(logger.log).toHaveBeenCalledWith(
      'options count for nothing without Redis',
      { options: ['coherence', 'recovery', 'outbox'] },
      'Cache',
    );
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('says nothing of options that count', async () => {
    await boot({}, over({ ttl: '10m' }));
    expect(logger.log).not.toHaveBeenCalledWith(
      'options count for nothing without Redis',
      expect.anything(),
      expect.anything(),
    );
  });

  it('says nothing of units when every duration has one', async () => {
    await boot({ CACHE_DEFAULT_TTL: '60s' });
    expect(logger.log).not.toHaveBeenCalledWith(
      'durations without a unit are seconds',
      expect.anything(),
      expect.anything(),
    );
  });

  it('ends the boot with every variable that is wrong', async () => {
    const booting = boot({ CACHE_ENABLED: 'yes', CACHE_MEMORY_MAX_ENTRIES: '0' });
    await expect(booting).rejects.toBeInstanceOf(InvalidCacheEnvironmentError);
    await expect(booting).rejects.toThrow(/- CACHE_ENABLED: given "yes".*\n.*- CACHE_MEMORY_MAX_ENTRIES: given 0/);
  });
});

describe('docs/configuration.md', () => {
  /** The cells of the page's table, by the first. */
  async function tableRows(): Promise<string[][]> {
    const page = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    return rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }

  it('lists each variable as the code reads it', async () => {
    const written = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``);
    const expected = environmentVariables.map((variable) => [
      written(variable.name),
      variable.kind,
      written(variable.option),
      written(variable.default),
      variable.meaning,
    ]);
    const named = [
      '`CACHE_<NAME>_TTL`',
      'duration',
      '`ttls.<name>`',
      '',
      'How long the entries of the cache or entity `<NAME>` stay fresh.',
    ];
    expect(await tableRows()).toEqual([...expected, named]);
  });

  it.each(
    environmentVariables.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value] as const])),
  )('gives %s the default that it has', (name, value) => {
    const withRedis = { REDIS_URL: 'redis://localhost', CACHE_NAMESPACE: 'shop' };
    const unset = readCacheEnvironment(withRedis).settings;
    const set = readCacheEnvironment({ ...withRedis, [name]: value }).settings;
    const resolve = (settings: CacheSettings) => {
      // What named caches inherit is kept as it was written.
      const { redis, inherited: _, ...rest } = resolveCacheOptions(settings);
      return { ...rest, redis: redis && JSON.stringify(resolveRedisOptions(redis)) };
    };
    expect(resolve(set)).toEqual(resolve(unset));
  });
});
