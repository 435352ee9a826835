import { describe, expect, it } from '@jest/globals';
import { applyDecorators } from '@nestjs/common';
import { Observable, of } from 'rxjs';
import { CacheConfig } from './cache-config.decorator.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { CachePut } from './cache-put.decorator.js';
import { Cacheable } from './cacheable.decorator.js';
import { Caching } from './caching.decorator.js';
import { fromResult } from './from-result.js';

interface Hero {
  readonly id: string;
  readonly tags: string[];
}

const hero: Hero = { id: 'ann', tags: [] };

describe('the types of the decorators', () => {
  it('accept options that fit the method', () => {
    @CacheConfig({ ttl: '1h', tags: ['heroes'] })
    class Fitting {
      @Cacheable()
      async plain(_id: string): Promise<Hero> {
        return hero;
      }
      @Cacheable({
        key: (id: string) => id,
        ttl: (found: Hero | undefined) => (found ? '1h' : '1m'),
        tags: fromResult((found: Hero | undefined, id: string) => found?.tags ?? [id]),
        unless: (found: Hero | undefined, id: string) => !found && id === '',
        condition: () => true,
      })
      async full(_id: string, _language?: string): Promise<Hero | undefined> {
        return hero;
      }
      @Cacheable({ key: (...ids: string[]) => ids.join() })
      async many(..._ids: string[]): Promise<Hero[]> {
        return [];
      }
      @Cacheable({ key: (id: unknown) => String(id) })
      async generic<T>(id: T): Promise<T> {
        return id;
      }
      @Cacheable({ unless: (found: Hero) => found.id === '' })
      observed(_id: string): Observable<Hero> {
        return of(hero);
      }
      @Cacheable({
        grace: '1d',
        refreshAhead: 0.8,
        version: (found: Hero | undefined) => found?.tags.length,
        fallback: (error: unknown, id: string) => (error instanceof TypeError ? undefined : { id, tags: [] }),
      })
      async renewed(_id: string): Promise<Hero | undefined> {
        return hero;
      }
      @Cacheable({ fallback: () => [] })
      async forgiving(_id: string): Promise<Hero[]> {
        return [];
      }
      @Caching({ cacheable: [{ fallback: () => hero, softTimeout: '1s' }] })
      async composedOfOne(): Promise<Hero> {
        return hero;
      }
      @CachePut({ key: fromResult((saved: Hero) => saved.id), condition: (_id: string, isFinal: boolean) => isFinal })
      async put(_id: string, _isFinal: boolean): Promise<Hero> {
        return hero;
      }
      @CacheEvict({ key: (id: string) => [id, 'all'], tags: ['heroes'], beforeInvocation: true })
      private async evict(_id: string): Promise<void> {}
      @CacheEvict({ all: true })
      protected async clear(): Promise<void> {}
      @Caching({
        cacheable: { key: (id: string) => id },
        evict: [{ tags: (id: string) => [id] }, { all: true, cache: 'lists' }],
      })
      async both(_id: string): Promise<Hero> {
        return hero;
      }
      @applyDecorators(Cacheable({ key: (id: string) => id }), CacheEvict({ all: true }))
      async composed(_id: string): Promise<Hero> {
        return hero;
      }
      @Cacheable({
        key(this: Fitting, id: string) {
          return this.tenant + id;
        },
      })
      async ofInstance(_id: string): Promise<Hero> {
        return hero;
      }
      readonly tenant = 'acme';
    }
    expect(Object.keys(new Fitting())).toEqual(['tenant']);
  });

  // Compiled and never run: at run time some of these are refused too.
  function _refused(): unknown {
    class Refused {
      // @ts-expect-error: the method takes a string
      @Cacheable({ key: (id: number) => String(id) })
      async wrongParameter(_id: string): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: the method has no second parameter
      @Cacheable({ key: (id: string, language: string) => id + language })
      async tooManyParameters(_id: string): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: the method may return undefined
      @Cacheable({ unless: (found: Hero) => found.id === '' })
      async wrongResult(_id: string): Promise<Hero | undefined> {
        return hero;
      }
      // @ts-expect-error: ttl gets the result first
      @Cacheable({ ttl: (id: string) => (id === '' ? '1s' : '2s') })
      async resultComesFirst(_id: string): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a key is a string
      @Cacheable({ key: (id: number) => id })
      async wrongKey(_id: number): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: options are not waited for
      @Cacheable({ condition: async () => true })
      async asyncCondition(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: no other compiler could guess the type either
      @Cacheable({ key: (id) => String(id) })
      async parameterWithoutType(_id: number): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a bare number is no duration
      @Cacheable({ ttl: 60 })
      async bareNumber(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: there is no such option
      @Cacheable({ kye: (id: string) => id })
      async unknownOption(_id: string): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: keys of what is read are made before there is a result
      @Cacheable({ key: fromResult((found: Hero) => found.id) })
      async keyFromResult(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a synchronous method cannot wait for a cache
      @Cacheable()
      synchronous(_id: string): Hero {
        return hero;
      }
      // @ts-expect-error: a generator has no one result
      @Cacheable()
      async *generator(): AsyncGenerator<Hero> {
        yield hero;
      }
      // @ts-expect-error: the method returns a hero
      @Cacheable({ fallback: () => 'nobody' })
      async wrongFallback(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a text is no version
      @Cacheable({ version: (found: Hero) => found.id })
      async wrongVersion(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a put does not wait for its method
      @CachePut({ key: () => 'a', softTimeout: '1s' })
      async impatientPut(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: a put needs a key
      @CachePut({})
      async putWithoutKey(): Promise<Hero> {
        return hero;
      }
      // @ts-expect-error: the method does not return a hero
      @CachePut({ key: fromResult((saved: Hero) => saved.id) })
      async putOfOther(): Promise<number> {
        return 1;
      }
      // @ts-expect-error: something must be evicted
      @CacheEvict()
      async evictNothing(): Promise<void> {}
      // @ts-expect-error: the method takes a string
      @CacheEvict({ tags: (id: number) => [String(id)] })
      async evictWrongParameter(_id: string): Promise<void> {}
      // @ts-expect-error: the method takes a string
      @Caching({ evict: [{ tags: ['a'] }, { key: (id: number) => String(id) }] })
      async cachingWrongParameter(_id: string): Promise<void> {}
    }
    return Refused;
  }
});
