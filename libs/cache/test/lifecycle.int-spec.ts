import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CacheHealthIndicator, CacheModule, CacheService } from '@nest-strata/cache';
import type { CacheModuleOptions } from '@nest-strata/cache';
import { eventually, FaultProxy, Gate, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';

const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A server that the test may treat as it likes, and a client of its own; stopped after it. */
async function startRedis(): Promise<{ readonly server: RedisServer; readonly client: Redis }> {
  const server = await RedisServer.start();
  stops.push(() => server.stop());
  const client = new Redis(server.url);
  stops.push(() => client.disconnect());
  return { server, client };
}

async function startProxy(server: RedisServer): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(server);
  stops.push(() => proxy.stop());
  return proxy;
}

async function boot(options: CacheModuleOptions): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ imports: [CacheModule.forRoot({ namespace: 'life', ...options })] })
    .setLogger({ log: () => undefined, warn: () => undefined, error: () => undefined })
    .compile();
  const app = testing.createNestApplication({ logger: false });
  stops.push(() => app.close());
  return app.init();
}

async function coherenceOf(app: INestApplication): Promise<string | undefined> {
  return (await app.get(CacheHealthIndicator).isHealthy()).cache.coherence?.state;
}

async function pendingOf(app: INestApplication): Promise<number | undefined> {
  return (await app.get(CacheHealthIndicator).isHealthy()).cache.pendingEvicts?.count;
}

/** Milliseconds that something took. */
async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await action();
  return performance.now() - startedAtMs;
}

describe('the boot of an application', () => {
  it('ends once memory hears of the changes of other processes', async () => {
    const { server } = await startRedis();
    const states: unknown[] = [];
    for (let boots = 0; boots < 5; boots++) {
      const app = await boot({ redis: { url: server.url, deadline: '1s' } });
      states.push(await coherenceOf(app));
      await app.close();
    }
    // The wait is bounded, and the machine may be busy.
    expect(states.filter((state) => state === 'armed').length).toBeGreaterThanOrEqual(3);
  });

  it('does not wait for long for changes that cannot be heard', async () => {
    const { server } = await startRedis();
    const proxy = await startProxy(server);
    proxy.where((connection) => connection.isSubscriber).blackhole();
    let app: INestApplication | undefined;
    const tookMs = await timed(async () => {
      app = await boot({ redis: { url: proxy.urlOf(server.url) } });
    });
    expect(tookMs).toBeLessThan(1_500);
    expect(await coherenceOf(app as INestApplication)).toBe('lost');
    expect(await app?.get(CacheService).getOrSet('a', () => 1)).toBe(1);
  });

  it('waits for nothing where coherence is off', async () => {
    const { server } = await startRedis();
    const app = await boot({ redis: { url: server.url, deadline: '1s' }, coherence: 'none' });
    expect(await coherenceOf(app)).toBe('off');
    await app.get(CacheService).set('a', 1);
    expect(await app.get(CacheService).lookup('a')).toMatchObject({ hit: true, tier: 'memory' });
  });
});

describe('the shutdown of an application', () => {
  it('repeats the evicts that Redis did not confirm', async () => {
    const { server, client } = await startRedis();
    const app = await boot({ redis: { url: server.url, deadline: '1s' }, caches: { heroes: {} } });
    const cache = app.get(CacheService);
    const heroes = cache.namespace('heroes');
    await Promise.all([cache.set('a', 1), heroes.set('b', 1)]);
    await client.call('ACL', 'SETUSER', 'default', '-unlink');
    expect(await Promise.all([cache.delete('a'), heroes.delete('b')])).toEqual([
      { confirmed: false, count: 0 },
      { confirmed: false, count: 0 },
    ]);
    expect(await pendingOf(app)).toBe(2);

    await client.call('ACL', 'SETUSER', 'default', '+unlink');
    await app.close();
    expect(await client.exists('strata:life:v:a', 'strata:life.heroes:v:b')).toBe(0);
  });

  it('gives up on them within a second when Redis does not come back', async () => {
    const { server } = await startRedis();
    const proxy = await startProxy(server);
    const app = await boot({ redis: { url: proxy.urlOf(server.url) } });
    const cache = app.get(CacheService);
    await cache.set('a', 1);
    proxy.blackhole();
    expect(await cache.delete('a')).toMatchObject({ confirmed: false });
    expect(await timed(() => app.close())).toBeLessThan(2_500);
  });

  it('takes no time when nothing waits', async () => {
    const { server } = await startRedis();
    const app = await boot({ redis: { url: server.url, deadline: '1s' } });
    await app.get(CacheService).set('a', 1);
    expect(await timed(() => app.close())).toBeLessThan(900);
  });

  it('leaves no connection to Redis behind', async () => {
    const { server, client } = await startRedis();
    const app = await boot({ redis: { url: server.url, deadline: '1s' } });
    await app.get(CacheService).set('a', 1);
    await app.close();
    const connections = async () =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length;
    await eventually(async () => (await connections()) <= 1);
    expect(await connections()).toBe(1);
  });

  it('gives back the lease of a load that is under way, so that other processes need not wait for its end', async () => {
    const { server } = await startRedis();
    const [one, other] = [
      await boot({ redis: { url: server.url, deadline: '1s' } }),
      await boot({ redis: { url: server.url, deadline: '1s' } }),
    ];
    const gate = new Gate();
    const abandoned = one.get(CacheService).getOrSet('a', () => gate.pass());
    abandoned.catch(() => undefined);
    await gate.arrival();
    const waiting = other.get(CacheService).getOrSet('a', () => 2);
    await eventually(() => other.get(CacheService).stats().loadWaits > 0);
    await one.close();
    const closedAtMs = performance.now();
    expect(await waiting).toBe(2);
    expect(performance.now() - closedAtMs).toBeLessThan(500);
  });
});

jest.setTimeout(15_000);
