import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { applyDecorators, Get, SetMetadata } from '@nestjs/common';
import { lastValueFrom, Observable, of, Subject, throwError, toArray } from 'rxjs';
import { attachCaches } from '../../test/support/attach-caches.js';
import { MapCache } from '../../test/support/map-cache.js';
import { CacheConfig } from './cache-config.decorator.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { Cacheable } from './cacheable.decorator.js';
import { Caching } from './caching.decorator.js';

/** Applies a decorator as TypeScript does, whatever its types would say. */
function decorate(decorator: unknown, target: object, propertyKey?: string, descriptor?: PropertyDescriptor): void {
  (decorator as (...args: unknown[]) => void)(target, propertyKey, descriptor);
}

describe('a decorated method', () => {
  it('keeps its name, its length and the metadata of other decorators, above and below', () => {
    class HeroController {
      @SetMetadata('above', 1)
      @Get('heroes/:id')
      @Cacheable()
      @SetMetadata('below', 2)
      async find(_id: string, _language: string): Promise<string> {
        return 'hero';
      }
    }
    const method = Reflect.get(HeroController.prototype, 'find') as () => unknown;

    expect([method.name, method.length]).toEqual(['find', 2]);
    expect(Reflect.getMetadata('above', method)).toBe(1);
    expect(Reflect.getMetadata('below', method)).toBe(2);
    expect(Reflect.getMetadata('path', method)).toBe('heroes/:id');
    expect(Reflect.getMetadata('design:paramtypes', HeroController.prototype, 'find')).toEqual([String, String]);
  });

  it('runs the rules of stacked decorators in one order, whatever stands between them', async () => {
    class HeroService {
      @CacheEvict({ key: () => 'late' })
      @SetMetadata('between', true)
      @Cacheable({ key: () => 'read' })
      async find(): Promise<string> {
        return 'hero';
      }
    }
    const cache = new MapCache();
    await attachCaches(new HeroService(), cache).find();

    expect(cache.calls).toEqual(['getOrSet read', 'deleteMany late']);
  });

  it('looks in stacked rules from the top down', async () => {
    class HeroService {
      @Cacheable({ key: () => 'upper' })
      @Caching({ cacheable: [{ key: () => 'middle' }, { key: () => 'lower' }] })
      async find(): Promise<string> {
        return 'hero';
      }
    }
    const cache = new MapCache();
    await attachCaches(new HeroService(), cache).find();

    expect(cache.calls.slice(0, 3)).toEqual(['lookup upper', 'lookup middle', 'lookup lower']);
  });

  it('can be decorated by a decorator of decorators', async () => {
    const CachedHero = () => applyDecorators(Cacheable({ key: (id: string) => id }), SetMetadata('cached', true));
    class HeroService {
      runs = 0;
      @CachedHero()
      async find(_id: string): Promise<number> {
        return ++this.runs;
      }
    }
    const heroes = attachCaches(new HeroService(), new MapCache());

    await heroes.find('ann');
    await expect(heroes.find('ann')).resolves.toBe(1);
    expect(Reflect.getMetadata('cached', heroes.find)).toBe(true);
  });

  it('may have a symbol for its name', async () => {
    const find = Symbol('find');
    class HeroService {
      @Cacheable()
      async [find](): Promise<string> {
        return 'hero';
      }
    }
    const cache = new MapCache();
    await attachCaches(new HeroService(), cache)[find]();

    expect(cache.contents).toEqual({ 'HeroService.Symbol(find):()': 'hero' });
  });
});

describe('a decorated method that returns an Observable', () => {
  class HeroClient {
    subscriptions = 0;
    source: Observable<string> = of('partial', 'whole');

    @Cacheable()
    find(_id: number): Observable<string> {
      this.subscriptions++;
      return this.source;
    }

    @CacheEvict({ all: true })
    remove(): Subject<string> {
      return this.source as Subject<string>;
    }

    @Cacheable()
    undeclared(): Promise<string> {
      return this.source as unknown as Promise<string>;
    }
  }

  it('emits the last value once, and that from the cache the next time', async () => {
    const client = attachCaches(new HeroClient(), new MapCache());

    const found = client.find(1);
    expect(found).toBeInstanceOf(Observable);
    expect(client.subscriptions).toBe(0);
    await expect(lastValueFrom(found.pipe(toArray()))).resolves.toEqual(['whole']);
    await expect(lastValueFrom(client.find(1))).resolves.toBe('whole');
    expect(client.subscriptions).toBe(1);
  });

  it('passes its error on as it is', async () => {
    const client = attachCaches(new HeroClient(), new MapCache());
    const failure = new Error('no');
    client.source = throwError(() => failure);

    await expect(lastValueFrom(client.find(1))).rejects.toBe(failure);
  });

  it('emits undefined when it completes without a value', async () => {
    const client = attachCaches(new HeroClient(), new MapCache());
    client.source = of();

    await expect(lastValueFrom(client.find(1))).resolves.toBeUndefined();
  });

  it('evicts once it has completed', async () => {
    const cache = new MapCache();
    const client = attachCaches(new HeroClient(), cache);
    const source = new Subject<string>();
    client.source = source;

    const removed = lastValueFrom(client.remove());
    await Promise.resolve();
    source.next('done');
    expect(cache.calls).toEqual([]);
    source.complete();
    await expect(removed).resolves.toBe('done');
    expect(cache.calls).toEqual(['clear']);
  });

  it('says so when nothing in its declaration does', async () => {
    const client = attachCaches(new HeroClient(), new MapCache());

    await expect(client.undeclared()).rejects.toMatchObject({
      code: 'UNCACHEABLE_RETURN',
      message: expect.stringContaining('as in `undeclared(): Observable<Hero>`'),
    });
  });
});

describe('what cannot be decorated', () => {
  it.each([
    [
      'a synchronous method',
      () => {
        class HeroService {
          find(): string {
            return 'hero';
          }
        }
        Reflect.defineMetadata('design:returntype', String, HeroService.prototype, 'find');
        decorate(
          Cacheable(),
          HeroService.prototype,
          'find',
          Object.getOwnPropertyDescriptor(HeroService.prototype, 'find'),
        );
      },
      '@Cacheable on HeroService.find cannot work:\n  - the method is synchronous, and a cache may have to be waited for; make it async',
    ],
    [
      'an async generator',
      () => {
        class HeroService {
          async *find(): AsyncGenerator<string> {}
        }
        decorate(
          Cacheable(),
          HeroService.prototype,
          'find',
          Object.getOwnPropertyDescriptor(HeroService.prototype, 'find'),
        );
      },
      'a generator has no one result to store; return a Promise of a list',
    ],
    [
      'a generator',
      () => {
        class HeroService {
          *find(): Generator<string> {}
        }
        decorate(
          Cacheable(),
          HeroService.prototype,
          'find',
          Object.getOwnPropertyDescriptor(HeroService.prototype, 'find'),
        );
      },
      'a generator has no one result to store',
    ],
    [
      'a static method',
      () => {
        class HeroService {
          static async find(): Promise<void> {}
        }
        decorate(Cacheable(), HeroService, 'find', Object.getOwnPropertyDescriptor(HeroService, 'find'));
      },
      '@Cacheable on HeroService.find cannot work:\n  - a static method has no instance',
    ],
    [
      'a property',
      () => decorate(CacheEvict({ all: true }), class HeroService {}.prototype, 'find'),
      '@CacheEvict on HeroService.find cannot work:\n  - it decorates methods; make the property or accessor an async method',
    ],
    [
      'an accessor',
      () => decorate(Cacheable(), class HeroService {}.prototype, 'find', { get: () => 1 }),
      'make the property or accessor an async method',
    ],
    [
      'a class',
      () => decorate(Cacheable(), class HeroService {}),
      '@Cacheable on HeroService cannot work:\n  - it decorates methods; for the defaults of a class write @CacheConfig',
    ],
  ])('is refused where it is defined: %s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('is refused with wrong options, all in one error', () => {
    const options: object = { ttl: 60, colour: 'red' };
    const define = () =>
      decorate(Cacheable(options), class HeroService {}.prototype, 'find', {
        value: async () => 1,
      });
    expect(define).toThrow(
      "@Cacheable on HeroService.find cannot work:\n  - ttl: 60 is a bare number; write '60s' or '60ms'\n" +
        '  - colour: there is no such option; there are cache,',
    );
    expect(() => CacheConfig(options)(class HeroService {})).toThrow('@CacheConfig on HeroService cannot work');
  });

  it('is refused at the call when nothing told before', async () => {
    class HeroService {
      @Cacheable()
      find(): Promise<string> {
        return 'hero' as unknown as Promise<string>;
      }
    }
    await expect(attachCaches(new HeroService(), new MapCache()).find()).rejects.toThrow(
      'HeroService.find is decorated for caching and returned a value that is no Promise. Make the method async',
    );
  });
});
