import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import type { CacheEvent } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, FakeClock } from '@nest-strata/testing';
import { CacheProcesses, tierOf, untilHeard } from './cache-processes.js';
import { engineOptions } from './engine-options.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

describe('a namespace that is closed', () => {
  let processes: CacheProcesses;
  let cache: CacheEngine;

  beforeEach(async () => {
    processes = new CacheProcesses(redis);
    cache = (await processes.start()).engine;
  });
  afterEach(() => processes.close());

  it('leaves memory to the cache around it, and to its siblings', async () => {
    const [child, sibling] = [cache.namespace('child'), cache.namespace('sibling')];
    for (const one of [cache, sibling]) {
      await one.set('a', 1);
      await eventually(async () => {
        await one.get('a');
        return (await tierOf(one, 'a')) === 'memory';
      });
    }
    await child.close();
    for (const one of [cache, sibling]) expect(await tierOf(one, 'a')).toBe('memory');
    expect(cache.coherence?.isArmed).toBe(true);
  });

  it('leaves the leases of the cache around it renewed', async () => {
    const loader = new GatedLoader('loaded');
    const loaded = cache.getOrSet('a', loader.load);
    await loader.began();
    await cache.namespace('child').close();
    const leftMs = async () => Number(await redis.send('PTTL', [processes.leaseKey('a')]));
    const leftBeforeMs = await leftMs();
    await eventually(async () => (await leftMs()) > leftBeforeMs);
    loader.end();
    await expect(loaded).resolves.toBe('loaded');
  });

  it('gives its own leases back', async () => {
    const child = cache.namespace('child');
    const loader = new GatedLoader('loaded');
    const loaded = child.getOrSet('a', loader.load);
    await loader.began();
    await child.close();
    const leaseKey = `strata:${child.name}:l:{strata:${child.name}:v:a}`;
    await expect(redis.send('EXISTS', [leaseKey])).resolves.toBe(0);
    loader.end();
    await loaded;
  });
});

describe('a cache that is closed', () => {
  let port: RedisPort;
  let listeners: number;

  beforeEach(async () => {
    port = createRedis({ url: redis.server.url, deadline: '2s' });
    listeners = 0;
    const original = port.onStateChange.bind(port);
    port.onStateChange = (listener) => {
      const stop = original(listener);
      listeners++;
      return () => {
        listeners--;
        stop();
      };
    };
    await port.connect();
    listeners = 0;
  });
  afterEach(() => port.close());

  it('leaves nothing at the port, nor do its namespaces', async () => {
    for (let round = 0; round < 3; round++) {
      const cache = CacheEngine.create(engineOptions({ namespace: [`closing-${String(round)}`] }), { redis: port });
      await cache.set('a', 1);
      await cache.namespace('child').set('a', 1);
      expect(listeners).toBeGreaterThan(0);
      await cache.close();
      expect(listeners).toBe(0);
    }
  });

  it('leaves no timer running, nor do its namespaces', async () => {
    const clock = new FakeClock();
    const cache = CacheEngine.create(engineOptions({ namespace: ['closing-timers'] }), { redis: port, clock });
    const child = cache.namespace('child');
    for (const one of [cache, child]) await one.set('a', 1);
    await untilHeard(cache);
    await eventually(() => clock.pendingTimers === 2);
    await child.close();
    expect(clock.pendingTimers).toBe(1);
    await cache.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells nothing of the port any more', async () => {
    const cache = CacheEngine.create(engineOptions({ namespace: ['closing'] }), { redis: port });
    await cache.set('a', 1);
    const events: CacheEvent[] = [];
    cache.listen((event) => events.push(event));
    await cache.close();
    const states: string[] = [];
    port.onStateChange((state) => states.push(state));
    await port.send('QUIT', []);
    await eventually(() => states.includes('ready'));
    expect(events).toEqual([]);
  });
});
