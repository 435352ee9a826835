import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, INestApplication, LoggerService, OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CacheModule,
  CacheService,
  Codec,
  DuplicateCacheError,
  DuplicateCacheModuleError,
  getCacheToken,
  InjectCache,
  InvalidCacheOptionsError,
} from '@nest-strata/cache';
import type { CacheModuleOptions, CacheOptionsFactory, CacheSettings } from '@nest-strata/cache';
import { eventually, RedisServer } from '@nest-strata/testing';
import type { RedisServerOptions } from '@nest-strata/testing';
import { Redis } from 'ioredis';

type Import = DynamicModule | (new () => object);

const apps: INestApplication[] = [];
const servers: RedisServer[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function boot(imports: Import[], logger: LoggerService | false = false): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports })
    .setLogger(logger || new SilentLogger())
    .compile();
  const app = testing.createNestApplication();
  apps.push(app);
  return app.init();
}

/** Keeps what is logged, `level: message {params}`. */
class SilentLogger implements LoggerService {
  readonly lines: string[] = [];
  log = (message: unknown, ...params: unknown[]) =>
    void this.lines.push(`log: ${String(message)} ${JSON.stringify(params)}`);
  warn = (message: unknown, ...params: unknown[]) =>
    void this.lines.push(`warn: ${String(message)} ${JSON.stringify(params)}`);
  error = (message: unknown, ...params: unknown[]) =>
    void this.lines.push(`error: ${String(message)} ${JSON.stringify(params)}`);

  with(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }
}

/** A server that the test may treat as it likes; stopped after it. */
async function startRedis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  servers.push(server);
  return server;
}

let nextNamespace = 0;
/** Options of a cache on Redis that no other test uses. */
function onRedis(more: Partial<CacheModuleOptions> = {}): CacheModuleOptions {
  return { namespace: `module-${nextNamespace++}`, redis: { url: redis.url }, ...more };
}

async function tierOf(cache: CacheService, key: string): Promise<string | undefined> {
  const found = await cache.lookup(key);
  return found.hit ? found.tier : undefined;
}

@Injectable()
class HeroService {
  constructor(
    readonly cache: CacheService,
    @InjectCache('heroes') readonly heroes: CacheService,
  ) {}
}

@Module({ providers: [HeroService] })
class HeroModule {}

describe('CacheModule.forRoot', () => {
  it('caches in memory without any option', async () => {
    const cache = (await boot([CacheModule.forRoot()])).get(CacheService);
    expect(await cache.set('a', { n: 1 })).toEqual({ stored: true });
    expect(await cache.lookup('a')).toMatchObject({ hit: true, value: { n: 1 }, tier: 'memory' });
  });

  it('caches in Redis, which the processes of an application share', async () => {
    const options = onRedis();
    const [one, other] = [await boot([CacheModule.forRoot(options)]), await boot([CacheModule.forRoot(options)])];
    await one.get(CacheService).set('a', { n: 1 });
    expect(await other.get(CacheService).lookup('a')).toMatchObject({ hit: true, value: { n: 1 }, tier: 'redis' });
    await eventually(async () => (await tierOf(other.get(CacheService), 'a')) === 'memory');
  });

  it('writes keys that redis-cli can read', async () => {
    const cache = (await boot([CacheModule.forRoot({ ...onRedis(), namespace: 'shop' })])).get(CacheService);
    await cache.set('hero:1', { name: 'Ada' });
    const client = new Redis(redis.url);
    expect(await client.keys('strata:shop:v:*')).toEqual(['strata:shop:v:hero:1']);
    expect((await client.getBuffer('strata:shop:v:hero:1'))?.toString('latin1')).toContain('{"name":"Ada"}');
    client.disconnect();
  });

  it('works over a client of the user, and leaves that open', async () => {
    const client = new Redis(redis.url);
    const app = await boot([CacheModule.forRoot(onRedis({ redis: { client } }))]);
    expect(await app.get(CacheService).set('a', 1)).toEqual({ stored: true });
    await app.close();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it.each(['json', 'msgpack'] as const)('brings types back through %s', async (codec) => {
    class Money {
      constructor(readonly cents: bigint) {}
    }
    const options = onRedis({ codec, types: [Money], compression: { thresholdBytes: 10 }, memory: false });
    const cache = (await boot([CacheModule.forRoot(options)])).get(CacheService);
    const value = { price: new Money(5n), at: new Date(0), tags: new Set(['a']), nothing: undefined };
    await cache.set('a', value);
    const found = await cache.get<typeof value>('a');
    expect(found).toEqual(value);
    expect(found?.price).toBeInstanceOf(Money);
  });

  it('writes with a codec of the application', async () => {
    class ReversedCodec extends Codec {
      override readonly id = 200;
      override readonly name = 'reversed';
      override encode = (value: unknown) => Buffer.from(JSON.stringify(value)).reverse();
      override decode = (bytes: Buffer): unknown => JSON.parse(Buffer.from(bytes).reverse().toString());
    }
    const options = onRedis({ codec: new ReversedCodec(), memory: false });
    const cache = (await boot([CacheModule.forRoot(options)])).get(CacheService);
    await cache.set('a', { n: 1 });
    expect(await cache.get('a')).toEqual({ n: 1 });
    const client = new Redis(redis.url);
    const stored = await client.getBuffer(`strata:${String(options.namespace)}:v:a`);
    client.disconnect();
    expect(stored?.toString('latin1')).toContain('}1:"n"{');
  });

  it('sends every call to its loader when switched off, and connects to nothing', async () => {
    const app = await boot([
      CacheModule.forRoot({ namespace: 'x', redis: { url: 'redis://localhost:1' }, enabled: false }),
    ]);
    const cache = app.get(CacheService);
    let loads = 0;
    for (let call = 0; call < 3; call++) await cache.getOrSet('a', () => ++loads);
    expect(loads).toBe(3);
    expect(await cache.set('a', 1)).toEqual({ stored: false, reason: 'disabled' });
    expect(await cache.get('a')).toBeUndefined();
  });

  it('ends the boot with everything that is wrong with the options', async () => {
    const options = { ttl: 60, memory: { maxEntries: 0 } } as unknown as CacheModuleOptions;
    const booting = boot([CacheModule.forRoot(options)]);
    await expect(booting).rejects.toBeInstanceOf(InvalidCacheOptionsError);
    await expect(booting).rejects.toThrow(/ttl: 60 is a bare number.*\n.*memory\.maxEntries: given 0/);
  });

  it('ends the boot when it is imported twice', async () => {
    await expect(boot([CacheModule.forRoot(), CacheModule.forRoot()])).rejects.toBeInstanceOf(
      DuplicateCacheModuleError,
    );
  });

  it('is one cache when one import is shared', async () => {
    const shared = CacheModule.forRoot();
    @Module({ imports: [shared] })
    class Other {}
    await expect(boot([shared, Other])).resolves.toBeDefined();
  });
});

describe('CacheModule.forRootAsync', () => {
  @Injectable()
  class Settings implements CacheOptionsFactory {
    createCacheOptions(): CacheSettings {
      return { namespace: 'settings', ttl: '5m' };
    }
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it.each<[string, DynamicModule]>([
    [
      'useFactory',
      CacheModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => Promise.resolve(settings.createCacheOptions()),
      }),
    ],
    ['useClass', CacheModule.forRootAsync({ useClass: Settings })],
    ['useExisting', CacheModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings })],
  ])('takes its options from %s', async (_, module) => {
    const cache = (await boot([module])).get(CacheService);
    await cache.set('a', 1);
    expect(cache.name).toBe('settings');
    expect(await cache.ttl('a')).toBeGreaterThan(299_000);
    expect(await cache.ttl('a')).toBeLessThanOrEqual(300_000);
  });

  it('declares named caches beside the factory', async () => {
    const app = await boot([CacheModule.forRootAsync({ useFactory: () => ({}), caches: { heroes: {} } }), HeroModule]);
    expect(app.get(HeroService).heroes.name).toBe('default.heroes');
  });

  it('tells where caches and isGlobal belong when the factory returns them', async () => {
    const useFactory = (): CacheSettings => ({ caches: {}, isGlobal: false }) as CacheSettings;
    await expect(boot([CacheModule.forRootAsync({ useFactory })])).rejects.toThrow(
      /isGlobal: write it beside the factory.*\n.*caches: write it beside the factory/,
    );
  });

  it('ends the boot when the factory returns nothing', async () => {
    const useFactory = () => undefined as unknown as CacheSettings;
    await expect(boot([CacheModule.forRootAsync({ useFactory })])).rejects.toThrow(
      /options: given a value of type undefined/,
    );
  });
});

describe('isGlobal', () => {
  @Injectable()
  class Reader {
    constructor(readonly cache: CacheService) {}
  }
  @Module({ providers: [Reader] })
  class ReaderModule {}

  it('lets every module inject the cache by default', async () => {
    const app = await boot([CacheModule.forRoot(), ReaderModule]);
    expect(app.get(Reader).cache).toBe(app.get(CacheService));
  });

  it('lets only importing modules inject it when it is false', async () => {
    const root = CacheModule.forRoot({ isGlobal: false });
    @Module({ imports: [root], providers: [Reader] })
    class ImportingModule {}
    await expect(boot([root, ReaderModule])).rejects.toThrow(/resolve dependencies of the Reader/);
    expect((await boot([root, ImportingModule])).get(Reader).cache).toBeInstanceOf(CacheService);
  });

  it('does not matter to features', async () => {
    @Module({ imports: [CacheModule.forFeature([{ cache: 'heroes' }])] })
    class Feature {}
    const app = await boot([CacheModule.forRoot({ isGlobal: false }), Feature]);
    expect(app.get<CacheService>(getCacheToken('heroes'), { strict: false })).toBeInstanceOf(CacheService);
  });
});

describe('named caches', () => {
  it('are apart from the root cache and from each other', async () => {
    const app = await boot([CacheModule.forRoot(onRedis({ caches: { heroes: {}, villains: {} } })), HeroModule]);
    const { cache, heroes } = app.get(HeroService);
    const villains = app.get<CacheService>(getCacheToken('villains'));
    for (const [index, one] of [cache, heroes, villains].entries()) {
      await one.set('a', index, { tags: ['t'] });
    }
    expect(await Promise.all([cache.get('a'), heroes.get('a'), villains.get('a')])).toEqual([0, 1, 2]);
    await heroes.deleteByTag('t');
    await villains.clear();
    expect(await Promise.all([cache.get('a'), heroes.get('a'), villains.get('a')])).toEqual([0, undefined, undefined]);
    expect(heroes.stats().hits).toBe(1);
  });

  it('have options of their own, and the rest from the root', async () => {
    const app = await boot([
      CacheModule.forRoot({ ttl: '1m', caches: { heroes: { memory: { maxEntries: 1 } }, quick: { ttl: '5s' } } }),
    ]);
    const [heroes, quick] = ['heroes', 'quick'].map((name) => app.get<CacheService>(getCacheToken(name)));
    await heroes?.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    expect(heroes?.memoryUse.entryCount).toBe(1);
    expect(await heroes?.ttl('b')).toBeGreaterThan(59_000);
    await quick?.set('a', 1);
    expect(await quick?.ttl('a')).toBeLessThanOrEqual(5000);
  });

  it('are the namespaces of the root cache', async () => {
    const app = await boot([CacheModule.forRoot({ caches: { heroes: { ttl: '5s' } } }), HeroModule]);
    const { cache, heroes } = app.get(HeroService);
    expect(cache.namespace('heroes')).toBe(heroes);
  });

  it('come from features too, where those are imported', async () => {
    @Module({ imports: [CacheModule.forFeature([{ cache: 'heroes', ttl: '5s' }])], providers: [HeroService] })
    class FeatureModule {}
    const { heroes } = (await boot([CacheModule.forRoot({ ttl: '1m' }), FeatureModule])).get(HeroService);
    await heroes.set('a', 1);
    expect(await heroes.ttl('a')).toBeLessThanOrEqual(5000);
  });

  it('have the ttl that the settings give to their name, whatever its case', async () => {
    const app = await boot([
      CacheModule.forRoot({ ttls: { BEDTIME_STORIES: '7s' }, caches: { bedtimeStories: { ttl: '1h' } } }),
    ]);
    const stories = app.get<CacheService>(getCacheToken('bedtimeStories'));
    await stories.set('a', 1);
    expect(await stories.ttl('a')).toBeLessThanOrEqual(7000);
  });

  it('are missed in the log when settings give a ttl to a name that nobody has', async () => {
    const logger = new SilentLogger();
    await boot([CacheModule.forRoot({ ttls: { heros: '7s', heroes: '1s' }, caches: { heroes: {} } })], logger);
    expect(logger.with('warn')).toEqual([expect.stringMatching(/a ttl is set for a name.*"heros"/)]);
  });

  it.each<[string, Import[]]>([
    [
      'by the root and a feature',
      [CacheModule.forRoot({ caches: { heroes: {} } }), CacheModule.forFeature([{ cache: 'heroes' }])],
    ],
    [
      'by two features',
      [
        CacheModule.forRoot(),
        CacheModule.forFeature([{ cache: 'heroes' }]),
        CacheModule.forFeature([{ cache: 'heroes' }]),
      ],
    ],
  ])('end the boot when a name is declared twice, %s', async (_, imports) => {
    const booting = boot(imports);
    await expect(booting).rejects.toBeInstanceOf(DuplicateCacheError);
    await expect(booting).rejects.toThrow(/The cache 'heroes' is declared twice.*@InjectCache\('heroes'\)/);
  });

  it('end the boot when a feature has wrong options', async () => {
    const feature = CacheModule.forFeature([{ cache: 'heroes', ttl: 5 as never }]);
    await expect(boot([CacheModule.forRoot(), feature])).rejects.toThrow(/caches\.heroes\.ttl: 5 is a bare number/);
  });
});

describe('CacheModule.forFeature', () => {
  it.each<[unknown, string]>([
    [{ cahce: 'heroes' }, 'given an object'],
    [{ cache: 5 }, 'given an object'],
    ['heroes', 'given "heroes"'],
    [null, 'given null'],
  ])('refuses %j where it is written', (feature, given) => {
    const message = `forFeature: ${given}; write { cache: 'heroes' } or { repository, strategy }`;
    expect(() => CacheModule.forFeature([feature as never])).toThrow(message);
  });

  it('takes a name that is empty for none', async () => {
    const booting = boot([CacheModule.forRoot(), CacheModule.forFeature([{ cache: '' }])]);
    await expect(booting).rejects.toThrow(/given a cache without a name/);
  });
});

describe('two applications in one process', () => {
  it('do not see each other', async () => {
    const [one, other] = [
      await boot([CacheModule.forRoot({ caches: { heroes: { ttl: '5s' } } }), HeroModule]),
      await boot([CacheModule.forRoot({ caches: { heroes: { ttl: '1h' } } }), HeroModule]),
    ];
    await one.get(HeroService).heroes.set('a', 1);
    await one.get(HeroService).cache.set('a', 1);
    expect(await other.get(HeroService).heroes.has('a')).toBe(false);
    expect(await other.get(HeroService).cache.has('a')).toBe(false);
    await one.close();
    expect(await other.get(HeroService).cache.set('a', 2)).toEqual({ stored: true });
  });

  it('are apart in one Redis by their namespaces', async () => {
    const [one, other] = [await boot([CacheModule.forRoot(onRedis())]), await boot([CacheModule.forRoot(onRedis())])];
    await one.get(CacheService).set('a', 1);
    expect(await other.get(CacheService).has('a')).toBe(false);
    await other.get(CacheService).clear();
    expect(await one.get(CacheService).get('a')).toBe(1);
  });
});

describe('an application whose Redis is away', () => {
  it('boots at once, loads, and caches in Redis when that comes', async () => {
    const server = await startRedis();
    await server.kill();
    const logger = new SilentLogger();
    const startedAtMs = performance.now();
    const app = await boot([CacheModule.forRoot(onRedis({ redis: { url: server.url } }))], logger);
    expect(performance.now() - startedAtMs).toBeLessThan(2000);
    const cache = app.get(CacheService);
    let loads = 0;
    expect(await cache.getOrSet('a', () => ++loads)).toBe(1);
    expect(await cache.set('b', 1)).toEqual({ stored: false, reason: 'redis-unavailable' });
    expect(await cache.delete('b')).toMatchObject({ confirmed: false });

    await server.restart();
    await eventually(async () => (await cache.set('b', 2)).stored);
    expect(await cache.lookup('b')).toMatchObject({ hit: true, value: 2 });
    expect(logger.with(': Redis is')).toEqual([
      expect.stringMatching(/^warn: Redis is away; memory and loaders answer until it is back .*reason/),
      expect.stringMatching(/^log: Redis is back .*awayMs/),
    ]);
  });

  it('logs each outage once, however many calls fall into it', async () => {
    const server = await startRedis();
    const logger = new SilentLogger();
    const cache = (await boot([CacheModule.forRoot(onRedis({ redis: { url: server.url } }))], logger)).get(
      CacheService,
    );
    for (let outage = 1; outage <= 2; outage++) {
      await server.kill();
      await eventually(async () => !(await cache.set('a', 1)).stored);
      await Promise.all(Array.from({ length: 50 }, (_, index) => cache.set(`a${index}`, 1)));
      await server.restart();
      await eventually(async () => (await cache.set('a', 1)).stored);
      expect(logger.with(': Redis is')).toHaveLength(2 * outage);
    }
  });

  it('logs one outage as one, when Redis first hangs and then is gone', async () => {
    const server = await startRedis();
    const logger = new SilentLogger();
    const cache = (await boot([CacheModule.forRoot(onRedis({ redis: { url: server.url } }))], logger)).get(
      CacheService,
    );
    server.pause();
    for (let call = 0; call < 6; call++) await cache.set('a', 1);
    expect(logger.with(': Redis is')).toHaveLength(1);
    await server.kill();
    const endMs = performance.now() + 300;
    await eventually(async () => !(await cache.set('a', 1)).stored && performance.now() > endMs);
    expect(logger.with(': Redis is')).toHaveLength(1);
  });

  it('never shows the password', async () => {
    const server = await startRedis({ password: 'right' });
    const logger = new SilentLogger();
    const url = `redis://:hunter2@localhost:${server.port}`;
    const cache = (await boot([CacheModule.forRoot(onRedis({ redis: { url } }))], logger)).get(CacheService);
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    await eventually(() => logger.with('Redis is away').length > 0);
    expect(logger.lines.join()).not.toContain('hunter2');
  });
});

describe('the hooks of an application', () => {
  it('can use the cache, from onModuleInit to onApplicationShutdown of the modules around', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Warmer implements OnModuleInit {
      constructor(private readonly cache: CacheService) {}
      async onModuleInit() {
        seen.push(await this.cache.set('a', 1));
      }
      async onModuleDestroy() {
        seen.push(await this.cache.set('b', 1));
      }
      async beforeApplicationShutdown() {
        seen.push(await this.cache.set('c', 1));
      }
    }
    @Module({ providers: [Warmer] })
    class WarmerModule {}
    const app = await boot([WarmerModule, CacheModule.forRoot(onRedis())]);
    await app.close();
    expect(seen).toEqual([{ stored: true }, { stored: true }, { stored: true }]);
  });
});
