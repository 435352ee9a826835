import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { inspect } from 'node:util';
import type { CacheService } from '../cache.service.js';
import { attachCaches } from '../../test/support/attach-caches.js';
import { MapCache } from '../../test/support/map-cache.js';
import { attachCache } from './attach-cache.js';
import { Cacheable } from './cacheable.decorator.js';

function makeClass() {
  class HeroService {
    runs = 0;
    @Cacheable()
    async find(): Promise<number> {
      return ++this.runs;
    }
    @Cacheable({ cache: 'others', key: () => 'other' })
    async other(): Promise<number> {
      return ++this.runs;
    }
  }
  return HeroService;
}

describe('an instance that Nest did not make', () => {
  let warn: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockRestore();
  });

  it('runs the plain method, and says so once per class', async () => {
    const HeroService = makeClass();
    const heroes = new HeroService();

    await heroes.find();
    await heroes.other();
    await new HeroService().find();

    expect(heroes.runs).toBe(2);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^HeroService\.find runs uncached: .*attachCache\(instance, cacheService\)\.$/)],
    ]);
  });

  it('runs the plain method without its instance as well', async () => {
    class HeroService {
      @Cacheable()
      async find(this: HeroService | undefined): Promise<unknown> {
        return this;
      }
    }
    await expect(new HeroService().find.call(undefined)).resolves.toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('is cached once a cache is attached to it; named caches are namespaces of that', async () => {
    const HeroService = makeClass();
    const [cache, others] = [new MapCache(), new MapCache()];
    const service = Object.assign(cache, { namespace: (name: string) => (name === 'others' ? others : cache) });
    const heroes = attachCache(new HeroService(), service as unknown as CacheService);

    await heroes.find();
    await expect(heroes.find()).resolves.toBe(1);
    await heroes.other();
    expect([cache.contents, others.contents]).toEqual([{ 'HeroService.find:()': 1 }, { other: 2 }]);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('the runtime of an instance', () => {
  it('is seen through a proxy, and neither printed nor compared', async () => {
    const HeroService = makeClass();
    const heroes = attachCaches(new HeroService(), new MapCache());
    const proxy = new Proxy(heroes, {});

    await proxy.find();
    await expect(proxy.find()).resolves.toBe(1);
    expect(inspect(heroes)).toBe('HeroService { runs: 1 }');
    expect(heroes).toEqual(Object.assign(new HeroService(), { runs: 1 }));
  });

  it('can be replaced', async () => {
    const HeroService = makeClass();
    const heroes = attachCaches(new HeroService(), new MapCache());
    await heroes.find();
    attachCaches(heroes, new MapCache());

    await expect(heroes.find()).resolves.toBe(2);
  });
});
