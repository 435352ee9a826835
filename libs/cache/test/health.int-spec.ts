import type { Server } from 'node:http';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CacheHealthIndicator, CacheModule, CacheService } from '@nest-strata/cache';
import type { CacheHealth, CacheModuleOptions, HealthOptions } from '@nest-strata/cache';
import { FaultProxy, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';
import request from 'supertest';

const apps: INestApplication[] = [];
const servers: RedisServer[] = [];
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function startRedis(config: Record<string, string[]> = {}): Promise<RedisServer> {
  const server = await RedisServer.start({ config });
  servers.push(server);
  return server;
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly cache: CacheHealthIndicator,
  ) {}

  @Get('ready')
  ready() {
    return this.health.check([() => this.cache.isHealthy()]);
  }

  @Get('live')
  live() {
    return this.health.check([() => this.cache.isHealthy('cache', { failOn: [] })]);
  }

  @Get('strict')
  strict() {
    return this.health.check([() => this.cache.isHealthy('strata', { failOn: ['degraded', 'down'] })]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

async function boot(options: CacheModuleOptions): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [CacheModule.forRoot(options), HealthModule] })
    .setLogger(silent)
    .compile();
  const app = testing.createNestApplication();
  apps.push(app);
  return app.init();
}

/** The status code, the status and what is told of the cache. */
async function probe(app: INestApplication, path: string, key = 'cache') {
  const response = await request(app.getHttpServer() as Server).get(`/health/${path}`);
  const body = response.body as { status: string; details: Record<string, CacheHealth & { status: string }> };
  return { code: response.status, status: body.status, cache: body.details[key] };
}

async function bootAndLoseRedis(options: Partial<CacheModuleOptions> = {}): Promise<INestApplication> {
  const server = await startRedis();
  const app = await boot({ namespace: 'health', redis: { url: server.url }, ...options });
  await server.kill();
  while ((await app.get(CacheService).set('a', 1)).stored);
  return app;
}

describe('the health of a cache', () => {
  it('is up in memory alone, and tells what memory holds and how often it hits', async () => {
    const app = await boot({ caches: { heroes: {} } });
    const cache = app.get(CacheService);
    await cache.set('a', 'x'.repeat(100));
    await cache.namespace('heroes').set('a', 1);
    await cache.get('a');
    await cache.get('a');
    await cache.namespace('heroes').get('b');
    expect(await probe(app, 'ready')).toEqual({
      code: 200,
      status: 'ok',
      cache: { status: 'up', state: 'up', hitRate: 0.6667, memory: { entries: 2, bytes: expect.any(Number) } },
    });
    expect((await probe(app, 'ready')).cache?.memory.bytes).toBeGreaterThan(100);
  });

  it('tells the latency, the memory and the clients of Redis', async () => {
    const server = await startRedis();
    const app = await boot({ namespace: 'health', redis: { url: server.url, deadline: '1s' } });
    while ((await probe(app, 'ready')).cache?.coherence?.state !== 'armed');
    const { code, status, cache } = await probe(app, 'ready');
    expect({ code, status }).toEqual({ code: 200, status: 'ok' });
    expect(cache).toEqual({
      status: 'up',
      state: 'up',
      hitRate: 0,
      memory: { entries: 0, bytes: 0 },
      redis: {
        state: 'up',
        latencyMs: expect.any(Number),
        usedMemoryBytes: expect.any(Number),
        connectedClients: 2,
      },
      coherence: { state: 'armed', mode: 'tracking', losses: 0, lagMs: expect.any(Number) },
      pendingEvicts: { count: 0, oldestAgeMs: 0 },
    });
    expect(cache?.coherence?.lagMs).toBeLessThan(1_000);
    expect(cache?.redis?.latencyMs).toBeGreaterThan(0);
    expect(cache?.redis?.latencyMs).toBeLessThan(1_000);
    expect(cache?.redis?.usedMemoryBytes).toBeGreaterThan(100_000);
  });

  it('is up without the figures that Redis does not permit', async () => {
    const server = await startRedis({ 'rename-command': ['INFO', ''] });
    const app = await boot({ namespace: 'health', redis: { url: server.url, deadline: '1s' } });
    const { cache } = await probe(app, 'ready');
    expect(cache?.redis).toEqual({ state: 'up', latencyMs: expect.any(Number) });
  });

  it('is up where PING is forbidden', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    await client.call('ACL', 'SETUSER', 'default', '-ping');
    const app = await boot({ namespace: 'health', redis: { url: server.url, deadline: '1s' } });
    client.disconnect();
    expect(await probe(app, 'ready')).toMatchObject({ status: 'ok', cache: { state: 'up', redis: { state: 'up' } } });
  });

  it('is degraded as long as evicts wait for Redis, though that answers', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    const app = await boot({ namespace: 'health', redis: { url: server.url, deadline: '1s' } });
    await client.call('ACL', 'SETUSER', 'default', '-unlink');
    expect(await app.get(CacheService).delete('a')).toMatchObject({ confirmed: false });
    const { code, status, cache } = await probe(app, 'ready');
    expect({ code, status }).toEqual({ code: 200, status: 'degraded' });
    expect(cache).toMatchObject({
      status: 'degraded',
      state: 'degraded',
      redis: { state: 'up' },
      pendingEvicts: { count: 1, oldestAgeMs: expect.any(Number) },
    });
    await client.call('ACL', 'SETUSER', 'default', '+unlink');
    client.disconnect();
    while ((await probe(app, 'ready')).cache?.pendingEvicts?.count !== 0);
    expect(await probe(app, 'ready')).toMatchObject({ status: 'ok', cache: { state: 'up' } });
  });

  it('tells that changes of other processes are not heard, and why', async () => {
    const server = await startRedis();
    await using proxy = await FaultProxy.start(server);
    const app = await boot({ namespace: 'health', redis: { url: proxy.urlOf(server.url), deadline: '1s' } });
    proxy.where((connection) => connection.isSubscriber).resetConnections();
    proxy.where((connection) => connection.isSubscriber).blackhole();
    while ((await probe(app, 'ready')).cache?.coherence?.state !== 'lost');
    expect(await probe(app, 'ready')).toMatchObject({
      status: 'ok',
      cache: {
        state: 'up',
        redis: { state: 'up' },
        coherence: {
          state: 'lost',
          mode: 'tracking',
          losses: 1,
          lostForMs: expect.any(Number),
          reason: expect.any(String),
        },
      },
    });
    await app.close();
  });

  it('tells that nobody listens for changes where that is wanted so', async () => {
    const server = await startRedis();
    const app = await boot({ namespace: 'health', redis: { url: server.url, deadline: '1s' }, coherence: 'none' });
    expect((await probe(app, 'ready')).cache).toMatchObject({ state: 'up', coherence: { state: 'off', losses: 0 } });
  });

  it('is degraded while Redis is away and memory answers, which does not fail the check', async () => {
    const app = await bootAndLoseRedis();
    const { code, status, cache } = await probe(app, 'ready');
    expect({ code, status }).toEqual({ code: 200, status: 'degraded' });
    expect(cache).toMatchObject({
      status: 'degraded',
      state: 'degraded',
      redis: { state: 'away', reason: expect.any(String) },
    });
  });

  it('is degraded while Redis hangs, and says so within a second', async () => {
    const server = await startRedis();
    const app = await boot({ namespace: 'health', redis: { url: server.url } });
    server.pause();
    const startedAtMs = performance.now();
    expect(await probe(app, 'ready')).toMatchObject({ code: 200, status: 'degraded', cache: { state: 'degraded' } });
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
    server.resume();
  });

  it('is down while Redis is away and there is no memory, which fails the check', async () => {
    const app = await bootAndLoseRedis({ memory: false });
    expect(await probe(app, 'ready')).toMatchObject({
      code: 503,
      status: 'error',
      cache: { status: 'down', state: 'down' },
    });
  });

  it('fails the check in the states that failOn names', async () => {
    const app = await bootAndLoseRedis({ health: { failOn: ['degraded', 'down'] } });
    expect(await probe(app, 'ready')).toMatchObject({ code: 503, cache: { status: 'down', state: 'degraded' } });
  });

  it('fails one check and passes another, as each asks', async () => {
    const app = await bootAndLoseRedis({ memory: false });
    expect(await probe(app, 'live')).toMatchObject({ code: 200, cache: { status: 'degraded', state: 'down' } });
    expect(await probe(app, 'strict', 'strata')).toMatchObject({ code: 503, cache: { status: 'down', state: 'down' } });
  });

  it('is up while the cache is switched off', async () => {
    const app = await boot({ namespace: 'health', redis: { url: 'redis://localhost:1' }, enabled: false });
    expect(await probe(app, 'strict', 'strata')).toMatchObject({ code: 200, cache: { status: 'up', state: 'up' } });
  });
});

describe('the health of a cache in an application with Terminus 11', () => {
  /** Terminus 11 knows two states, and drops results that are in neither. */
  @Injectable()
  class HealthIndicatorService {
    check(key: string) {
      return { up: () => ({ [key]: { status: 'up' } }), down: () => ({ [key]: { status: 'down' } }) };
    }
  }

  it.each<[HealthOptions, string]>([
    [{}, 'up'],
    [{ failOn: ['degraded'] }, 'down'],
  ])('is never degraded in status: %j', async (options, status) => {
    const server = await startRedis();
    const testing = await Test.createTestingModule({
      imports: [CacheModule.forRoot({ namespace: 'health', redis: { url: server.url } })],
      providers: [HealthIndicatorService],
    })
      .setLogger(silent)
      .compile();
    const app = testing.createNestApplication();
    apps.push(app);
    await app.init();
    await server.kill();
    expect((await app.get(CacheHealthIndicator).isHealthy('cache', options)).cache).toMatchObject({
      status,
      state: 'degraded',
    });
  });
});
