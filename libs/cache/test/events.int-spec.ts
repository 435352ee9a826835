import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, INestApplication, LoggerService } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CACHE_CHANNEL, CacheModule, CacheService } from '@nest-strata/cache';
import type { CacheEvent } from '@nest-strata/cache';
import { eventually, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';

type Import = DynamicModule | (new () => object);

const apps: INestApplication[] = [];
const servers: RedisServer[] = [];
const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() } satisfies LoggerService;

async function boot(imports: Import[]): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports }).setLogger(logger).compile();
  const app = testing.createNestApplication();
  apps.push(app);
  return app.init();
}

/** Everything that the application's emitter tells, `[name, payload]`. */
function recordEvents(app: INestApplication): [string, CacheEvent][] {
  const heard: [string, CacheEvent][] = [];
  app.get(EventEmitter2).onAny((name, payload) => heard.push([String(name), payload as CacheEvent]));
  return heard;
}

/** A server that the test may treat as it likes; stopped after it. */
async function startRedis(): Promise<RedisServer> {
  const server = await RedisServer.start();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  jest.clearAllMocks();
});

describe('the events of a cache', () => {
  it('reach the event emitter of the application, by name', async () => {
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot()]);
    const heard = recordEvents(app);
    const cache = app.get(CacheService);
    await cache.getOrSet('a', () => 1, { ttl: '5s' });
    await cache.get('a');
    await cache.deleteByTag('heroes');
    await expect(cache.getOrSet('b', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const failedLoad = { type: 'load', key: 'b', error: new Error('no') };
    const expected: [string, object][] = [
      ['cache.miss', { type: 'miss', cache: 'default', key: 'a' }],
      ['cache.load', { type: 'load', cache: 'default', key: 'a', background: false, durationMs: expect.any(Number) }],
      ['cache.set', { type: 'set', cache: 'default', key: 'a', ttlMs: 5000 }],
      ['cache.hit', { type: 'hit', cache: 'default', key: 'a', tier: 'memory', stale: false }],
      ['cache.evict', { type: 'evict', cache: 'default', by: 'tag', targets: ['heroes'], confirmed: true }],
      ['cache.load', expect.objectContaining(failedLoad)],
    ];
    for (const event of expected) expect(heard).toContainEqual(event);
  });

  it('reach methods with @OnEvent, those of named caches too', async () => {
    const heard: CacheEvent[] = [];
    @Injectable()
    class Listener {
      @OnEvent('cache.set')
      hear(event: CacheEvent) {
        heard.push(event);
      }
    }
    @Module({ providers: [Listener] })
    class ListenerModule {}
    const app = await boot([
      EventEmitterModule.forRoot(),
      CacheModule.forRoot({ caches: { heroes: {} } }),
      ListenerModule,
    ]);
    await app.get(CacheService).namespace('heroes').set('a', 1);
    expect(heard).toEqual([expect.objectContaining({ type: 'set', cache: 'default.heroes', key: 'a' })]);
  });

  it('tell when Redis goes away and when it is back', async () => {
    const server = await startRedis();
    const options = { namespace: 'events', redis: { url: server.url } };
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot(options)]);
    const heard = recordEvents(app);
    const cache = app.get(CacheService);
    const named = (name: string) => heard.filter(([heardName]) => heardName === name);
    await server.kill();
    while ((await cache.set('a', 1)).stored);
    await eventually(() => named('cache.degraded').length > 0);
    expect(named('cache.degraded')).toEqual([
      ['cache.degraded', expect.objectContaining({ reason: expect.any(String) })],
    ]);
    expect(named('cache.error').length).toBeGreaterThan(0);
    await server.restart();
    await eventually(() => named('cache.recovered').length > 0);
    expect(named('cache.recovered')).toEqual([['cache.recovered', { type: 'recovered', cache: 'events' }]]);
    expect(named('cache.degraded')).toHaveLength(1);
  });

  it('tell when changes of other processes are not heard and when they are again', async () => {
    const server = await startRedis();
    const options = { namespace: 'events', redis: { url: server.url } };
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot(options)]);
    const heard = recordEvents(app);
    const told = () => heard.filter(([name]) => name === 'cache.coherence').map(([, event]) => event);
    await server.kill();
    await eventually(() => told().length > 0);
    expect(told()).toEqual([
      { type: 'coherence', cache: 'events', state: 'lost', mode: 'tracking', reason: expect.any(String) },
    ]);
    await server.restart();
    await eventually(() => told().length > 1);
    expect(told().slice(1)).toEqual([{ type: 'coherence', cache: 'events', state: 'armed', mode: 'tracking' }]);
  });

  it('tell which evicts wait for Redis, and that none does any more', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    const options = { namespace: 'events', redis: { url: server.url, deadline: '1s' } } as const;
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot(options)]);
    const heard = recordEvents(app);
    const told = () => heard.filter(([name]) => name === 'cache.pending').map(([, event]) => event);
    await client.call('ACL', 'SETUSER', 'default', '-unlink');
    await app.get(CacheService).delete('a');
    expect(told()).toEqual([{ type: 'pending', cache: 'events', change: 'added', count: 1 }]);
    await client.call('ACL', 'SETUSER', 'default', '+unlink');
    client.disconnect();
    await eventually(() => told().length > 1);
    expect(told().slice(1)).toEqual([{ type: 'pending', cache: 'events', change: 'settled', count: 0 }]);
  });

  it('tell loads in the background as such', async () => {
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot({ refreshAhead: 0.01, ttl: '1s' })]);
    const heard = recordEvents(app);
    const loads = () => heard.filter(([name]) => name === 'cache.load').map(([, event]) => event);
    const cache = app.get(CacheService);
    await cache.set('a', 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await cache.getOrSet('a', () => 2)).toBe(1);
    await eventually(() => loads().length > 0);
    expect(loads()).toEqual([expect.objectContaining({ key: 'a', background: true })]);
    await eventually(() => heard.at(-1)?.[0] === 'cache.set');
    expect(await cache.get('a')).toBe(2);
  });

  it('never break a call when a listener throws; the log tells', async () => {
    const app = await boot([EventEmitterModule.forRoot(), CacheModule.forRoot()]);
    app.get(EventEmitter2).on('cache.miss', () => {
      throw new Error('listener');
    });
    expect(await app.get(CacheService).getOrSet('a', () => 1)).toBe(1);
    expect(logger.error.mock.calls).toEqual([
      [
        'a listener of cache events has thrown; the call that it heard of goes on',
        new Error('listener'),
        'CacheEngine',
      ],
    ]);
  });

  it('do not reach the emitter of another application', async () => {
    const [one, other] = [
      await boot([EventEmitterModule.forRoot(), CacheModule.forRoot()]),
      await boot([EventEmitterModule.forRoot(), CacheModule.forRoot()]),
    ];
    const heard = recordEvents(other);
    await one.get(CacheService).set('a', 1);
    expect(heard).toEqual([]);
  });

  it('are told on a diagnostics channel in an application without an event emitter', async () => {
    const heard: unknown[] = [];
    const hear = (event: unknown) => void heard.push(event);
    subscribe(CACHE_CHANNEL, hear);
    const app = await boot([CacheModule.forRoot()]);
    await app.get(CacheService).set('a', 1, { ttl: '1s' });
    unsubscribe(CACHE_CHANNEL, hear);
    expect(heard).toEqual([{ type: 'set', cache: 'default', key: 'a', ttlMs: 1000 }]);
  });

  it('take no heed of a class that only bears the name of the emitter', async () => {
    @Injectable()
    class EventEmitter {}
    @Module({ providers: [EventEmitter] })
    class ImpostorModule {}
    const app = await boot([CacheModule.forRoot(), ImpostorModule]);
    expect(await app.get(CacheService).set('a', 1)).toEqual({ stored: true });
  });
});
