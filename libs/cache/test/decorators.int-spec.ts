import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  Param,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type {
  CallHandler,
  CanActivate,
  ExecutionContext,
  NestInterceptor,
  OnModuleInit,
  Provider,
  LoggerService,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import {
  attachCache,
  Cacheable,
  CacheConfig,
  CacheEvict,
  CacheModule,
  CachePut,
  CacheRuntime,
  CacheService,
  fromResult,
  getCacheToken,
} from '@nest-strata/cache';
import type { CacheModuleOptions } from '@nest-strata/cache';
import { RedisServer } from '@nest-strata/testing';
import type { INestApplication } from '@nestjs/common';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import request from 'supertest';
import type { App } from 'supertest/types.js';

const SILENT: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };

const booted: TestingModule[] = [];
let redis: RedisServer;
let warn: jest.SpiedFunction<Logger['warn']>;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(async () => {
  await Promise.all(booted.splice(0).map((app) => app.close()));
  warn.mockRestore();
});

async function boot(providers: Provider[], options?: CacheModuleOptions): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [CacheModule.forRoot(options)], providers })
    .setLogger(SILENT)
    .compile();
  booted.push(app);
  return app.init();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

@Injectable()
class HeroService {
  runs = 0;

  @Cacheable({ key: (id: number) => `hero:${id}`, tags: (id: number) => [`hero:${id}`] })
  async find(id: number): Promise<{ id: number; run: number }> {
    return { id, run: ++this.runs };
  }

  async findTwice(id: number): Promise<number[]> {
    const first = await this.find(id);
    const second = await this.find(id);
    return [first.run, second.run];
  }

  async secretly(): Promise<number[]> {
    return [await this.secret(), await this.secret()];
  }

  @Cacheable()
  private async secret(): Promise<number> {
    return ++this.runs;
  }

  @CacheEvict({ tags: (id: number) => [`hero:${id}`] })
  async touch(_id: number): Promise<void> {}

  @CachePut({ key: fromResult((hero: { id: number }) => `hero:${hero.id}`) })
  async create(id: number): Promise<{ id: number; run: number }> {
    return { id, run: -1 };
  }
}

describe('decorated methods in a Nest application', () => {
  it('are cached when the instance calls itself, and when they are private', async () => {
    const heroes = (await boot([HeroService])).get(HeroService);

    await expect(heroes.findTwice(1)).resolves.toEqual([1, 1]);
    await expect(heroes.secretly()).resolves.toEqual([2, 2]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('read, put and evict the entries of the CacheService', async () => {
    const app = await boot([HeroService]);
    const [heroes, cache] = [app.get(HeroService), app.get(CacheService)];

    await heroes.find(1);
    await expect(cache.get('hero:1')).resolves.toEqual({ id: 1, run: 1 });
    await heroes.touch(1);
    await expect(cache.has('hero:1')).resolves.toBe(false);
    await heroes.create(1);
    await expect(heroes.find(1)).resolves.toEqual({ id: 1, run: -1 });
  });

  it('are cached in onModuleInit already', async () => {
    @Injectable()
    class WarmingService implements OnModuleInit {
      runs = 0;
      seen: number[] = [];
      async onModuleInit() {
        this.seen = [await this.load(), await this.load()];
      }
      @Cacheable()
      async load(): Promise<number> {
        return ++this.runs;
      }
    }
    expect((await boot([WarmingService])).get(WarmingService).seen).toEqual([1, 1]);
  });

  it('are cached in subclasses, apart from those of other subclasses', async () => {
    @Injectable()
    abstract class CrudService {
      abstract readonly kind: string;
      runs = 0;
      @Cacheable()
      async find(id: number): Promise<string> {
        this.runs++;
        return `${this.kind} ${id}`;
      }
    }
    @Injectable()
    class ChildService extends CrudService {
      readonly kind = 'child';
      constructor(@Inject(ModuleRef) readonly moduleRef: ModuleRef) {
        super();
      }
    }
    @Injectable()
    class StoryService extends CrudService {
      readonly kind = 'story';
      @Inject(ModuleRef) readonly moduleRef!: ModuleRef;
      @Cacheable()
      async list(): Promise<number> {
        return ++this.runs;
      }
    }
    const app = await boot([ChildService, StoryService]);
    const [children, stories] = [app.get(ChildService), app.get(StoryService)];

    for (let round = 0; round < 2; round++) {
      await expect(children.find(1)).resolves.toBe('child 1');
      await expect(stories.find(1)).resolves.toBe('story 1');
      await expect(stories.list()).resolves.toBe(2);
    }
    expect([children.runs, stories.runs]).toEqual([1, 2]);
    expect([children.moduleRef, stories.moduleRef]).toEqual([expect.any(ModuleRef), expect.any(ModuleRef)]);
  });

  it('are cached in request-scoped providers, whose state a key can name', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class TenantService {
      constructor(@Inject(REQUEST) private readonly request: { tenant: string }) {}
      static runs = 0;
      @Cacheable({
        key(this: TenantService, id: number) {
          return `${this.request.tenant}:${id}`;
        },
      })
      async find(id: number): Promise<string> {
        TenantService.runs++;
        return `${this.request.tenant} ${id}`;
      }
    }
    const app = await boot([TenantService]);
    const serviceOf = async (tenant: string) => {
      const contextId = ContextIdFactory.create();
      app.registerRequestByContextId({ tenant }, contextId);
      return app.resolve(TenantService, contextId);
    };

    await expect((await serviceOf('acme')).find(1)).resolves.toBe('acme 1');
    await expect((await serviceOf('acme')).find(1)).resolves.toBe('acme 1');
    await expect((await serviceOf('ajax')).find(1)).resolves.toBe('ajax 1');
    expect(TenantService.runs).toBe(2);
  });

  it('are cached in transient providers', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientService {
      static runs = 0;
      @Cacheable()
      async find(): Promise<number> {
        return ++TransientService.runs;
      }
    }
    @Injectable()
    class First {
      constructor(readonly service: TransientService) {}
    }
    @Injectable()
    class Second {
      constructor(readonly service: TransientService) {}
    }
    const app = await boot([TransientService, First, Second]);
    const [one, other] = [app.get(First).service, app.get(Second).service];

    expect(one).not.toBe(other);
    await expect(Promise.all([one.find(), other.find()])).resolves.toEqual([1, 1]);
  });

  it('share one run among a hundred callers', async () => {
    const heroes = (await boot([HeroService])).get(HeroService);
    await Promise.all(Array.from({ length: 100 }, () => heroes.find(1)));
    expect(heroes.runs).toBe(1);
  });

  it('belong to the application of their instance', async () => {
    const [one, other] = [await boot([HeroService]), await boot([HeroService])];

    await one.get(HeroService).find(1);
    await expect(other.get(CacheService).has('hero:1')).resolves.toBe(false);
    await other.get(HeroService).find(1);
    expect([one.get(HeroService).runs, other.get(HeroService).runs]).toEqual([1, 1]);
  });

  it('use the named caches that they name, of forRoot and of forFeature', async () => {
    @CacheConfig({ cache: 'heroes' })
    @Injectable()
    class NamingService {
      @Cacheable({ key: () => 'a' })
      async ofRoot(): Promise<number> {
        return 1;
      }
      @Cacheable({ key: () => 'b', cache: 'late' })
      async ofFeature(): Promise<number> {
        return 2;
      }
    }
    @Module({ imports: [CacheModule.forFeature([{ cache: 'late' }])] })
    class LateModule {}
    const app = await Test.createTestingModule({
      imports: [CacheModule.forRoot({ caches: { heroes: {} } }), LateModule],
      providers: [NamingService],
    }).compile();
    booted.push(await app.init());

    await app.get(NamingService).ofRoot();
    await app.get(NamingService).ofFeature();
    await expect(app.get<CacheService>(getCacheToken('heroes')).get('a')).resolves.toBe(1);
    await expect(app.get<CacheService>(getCacheToken('late'), { strict: false }).get('b')).resolves.toBe(2);
  });
});

describe('a decorated class that cannot be cached', () => {
  it('ends the boot when there is no CacheModule, and names the method and what to import', async () => {
    const compiling = Test.createTestingModule({ providers: [HeroService] })
      .setLogger(SILENT)
      .compile();
    await expect(compiling).rejects.toThrow(
      /can't resolve dependencies of the HeroService\. .*HeroService\.find is cached: add CacheModule\.forRoot\(\) to the imports of the root module/,
    );
  });

  it('ends the boot when it names a cache that does not exist', async () => {
    @Injectable()
    class MisspellingService {
      @Cacheable({ cache: 'heros' })
      async find(): Promise<void> {}
    }
    await expect(boot([MisspellingService], { caches: { heroes: {} } })).rejects.toThrow(
      '@Cacheable on MisspellingService.find names the cache "heros", which does not exist. Did you mean \'heroes\'?',
    );
  });

  it('ends the boot when another class makes the same default keys', async () => {
    const namesake = () => {
      @Injectable()
      class ItemService {
        @Cacheable()
        async find(): Promise<void> {}
      }
      return ItemService;
    };
    await expect(boot([namesake(), namesake()])).rejects.toThrow('cache under the default keys "ItemService.find:…"');
  });

  it('runs uncached with one warning when a factory made it, until a cache is attached', async () => {
    @Injectable()
    class FactoryMadeService {
      runs = 0;
      @Cacheable()
      async find(): Promise<number> {
        return ++this.runs;
      }
    }
    const plain = { provide: 'plain', useFactory: () => new FactoryMadeService() };
    const attached = {
      provide: 'attached',
      inject: [CacheService],
      useFactory: (cache: CacheService) => attachCache(new FactoryMadeService(), cache),
    };
    const app = await boot([plain, attached]);
    const [uncached, cached] = [app.get<FactoryMadeService>('plain'), app.get<FactoryMadeService>('attached')];

    await expect(Promise.all([uncached.find(), uncached.find()])).resolves.toEqual([1, 2]);
    await expect(Promise.all([cached.find(), cached.find()])).resolves.toEqual([1, 1]);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('FactoryMadeService.find runs uncached')]]);
  });

  it('runs the plain method when a test mocks every dependency', async () => {
    const app = await Test.createTestingModule({ providers: [HeroService] })
      .useMocker(() => ({ run: () => 'mocked', admit: () => 'mocked' }))
      .compile();
    booted.push(app);
    await expect(app.get(HeroService).findTwice(1)).resolves.toEqual([1, 2]);
  });

  it('runs by the runtime that a test provides', async () => {
    const app = await boot([HeroService]);
    const other = await Test.createTestingModule({
      providers: [
        HeroService,
        { provide: CacheRuntime, useValue: app.get<CacheRuntime>(CacheRuntime, { strict: false }) },
      ],
    }).compile();
    booted.push(other);
    await app.get(HeroService).find(1);
    await other.get(HeroService).find(1);
    expect(other.get(HeroService).runs).toBe(0);
  });
});

describe('decorated handlers of a controller', () => {
  const seen: string[] = [];

  @Injectable()
  class RecordingGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const role: unknown = Reflect.getMetadata('role', context.getHandler());
      seen.push(`guard ${context.getHandler().name} ${String(role)}`);
      return true;
    }
  }

  @Injectable()
  class WrappingInterceptor implements NestInterceptor<string, { data: string }> {
    intercept(_: ExecutionContext, next: CallHandler<string>): Observable<{ data: string }> {
      return next.handle().pipe(map((data) => ({ data })));
    }
  }

  @Controller('heroes')
  @UseInterceptors(WrappingInterceptor)
  class HeroController {
    runs = 0;

    @Get('above/:id')
    @UseGuards(RecordingGuard)
    @Cacheable()
    @SetMetadata('role', 'reader')
    async above(@Param('id') id: string): Promise<string> {
      return `hero ${id}, run ${++this.runs}`;
    }

    @Cacheable()
    @SetMetadata('role', 'reader')
    @UseGuards(RecordingGuard)
    @Get('below/:id')
    async below(@Param('id') id: string): Promise<string> {
      return `hero ${id}, run ${++this.runs}`;
    }
  }

  let app: INestApplication<App>;
  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [CacheModule.forRoot()], controllers: [HeroController] })
      .setLogger(SILENT)
      .compile();
    app = await testing.createNestApplication<INestApplication<App>>().init();
  });
  afterAll(() => app.close());

  it.each([
    ['above', 1],
    ['below', 2],
  ])('are cached behind guards, pipes and interceptors, whichever decorator stands %s', async (path, run) => {
    seen.length = 0;
    for (let round = 0; round < 2; round++) {
      const response = await request(app.getHttpServer()).get(`/heroes/${path}/7`);
      expect(response.body).toEqual({ data: `hero 7, run ${run}` });
    }
    expect(seen).toEqual(Array<string>(2).fill(`guard ${path} reader`));
  });
});

describe.each([
  ['in memory', () => ({})],
  ['over Redis', () => ({ namespace: 'renewal', redis: { url: redis.url } })],
] as const)('decorated methods whose results are renewed, %s', (_, options) => {
  @CacheConfig({ retryAfter: '0ms' })
  @Injectable()
  class ForecastService {
    runs = 0;
    failure: Error | undefined;

    @Cacheable({ key: () => 'forgiving', ttl: '1ms', grace: '1m' })
    async forgiving(): Promise<number> {
      return this.run();
    }

    @Cacheable({ key: () => 'patient', ttl: '1ms', staleWhileRevalidate: '1m' })
    async patient(): Promise<number> {
      return this.run();
    }

    @Cacheable({ key: () => 'eager', ttl: '1m', refreshAhead: 0.0001 })
    async eager(): Promise<number> {
      return this.run();
    }

    @Cacheable({ key: () => 'hasty', ttl: '1ms', grace: '1m', softTimeout: '5ms' })
    async hasty(waitMs: number): Promise<number> {
      await pause(waitMs);
      return this.run();
    }

    @Cacheable({ key: () => 'versioned', version: (run: number) => run })
    async versioned(): Promise<number> {
      return this.run();
    }

    @CachePut({ key: () => 'versioned', version: (run: number) => run })
    async put(run: number): Promise<number> {
      return Promise.resolve(run);
    }

    private async run(): Promise<number> {
      if (this.failure) throw this.failure;
      return Promise.resolve(++this.runs);
    }
  }

  let forecasts: ForecastService;
  let cache: CacheService;

  beforeEach(async () => {
    const app = await boot([ForecastService], options());
    [forecasts, cache] = [app.get(ForecastService), app.get(CacheService)];
    await cache.clear();
  });

  it('give what is within its grace while the method fails, and its error afterwards', async () => {
    await forecasts.forgiving();
    await pause(5);
    forecasts.failure = new Error('no satellite');
    await expect(forecasts.forgiving()).resolves.toBe(1);
    await cache.delete('forgiving');
    await expect(forecasts.forgiving()).rejects.toBe(forecasts.failure);
  });

  it('give what is stale at once, and run once in the background', async () => {
    await forecasts.patient();
    await pause(5);
    await expect(forecasts.patient()).resolves.toBe(1);
    while (forecasts.runs < 2) await pause(1);
    expect(cache.stats()).toMatchObject({ refreshes: 1, staleHits: 1 });
  });

  it('run in the background before the result is stale', async () => {
    await forecasts.eager();
    await pause(20);
    await expect(forecasts.eager()).resolves.toBe(1);
    while ((await cache.get('eager')) !== 2) await pause(1);
    expect(cache.stats().staleHits).toBe(0);
  });

  it('give what is within its grace to who would have to wait, and store what comes late', async () => {
    await forecasts.hasty(0);
    await pause(5);
    await expect(forecasts.hasty(40)).resolves.toBe(1);
    while ((await cache.lookup('hasty')).value !== 2) await pause(1);
    expect(forecasts.runs).toBe(2);
  });

  it('store no result with a lower version than is stored', async () => {
    await forecasts.put(7);
    await forecasts.put(6);
    await expect(forecasts.versioned()).resolves.toBe(7);
    await forecasts.put(8);
    await expect(forecasts.versioned()).resolves.toBe(8);
    expect(forecasts.runs).toBe(0);
  });
});

describe('decorated methods over Redis', () => {
  const options = (): CacheModuleOptions => ({ namespace: 'decorators', redis: { url: redis.url } });

  it('share their results between processes, evictions included', async () => {
    const [one, other] = [await boot([HeroService], options()), await boot([HeroService], options())];

    await one.get(HeroService).find(1);
    await expect(other.get(HeroService).find(1)).resolves.toEqual({ id: 1, run: 1 });
    await one.get(HeroService).touch(1);
    await one.get(HeroService).find(1);
    expect([one.get(HeroService).runs, other.get(HeroService).runs]).toEqual([2, 0]);
  });

  it('store tags that the result has told', async () => {
    @Injectable()
    class ListService {
      runs = 0;
      @Cacheable({ key: () => 'list', tags: fromResult((ids: number[]) => ids.map((id) => `hero:${id}`)) })
      async list(): Promise<number[]> {
        this.runs++;
        return [1, 2];
      }
    }
    const app = await boot([ListService, HeroService], { ...options(), namespace: 'result-tags' });
    const lists = app.get(ListService);

    // The first load meets tags that Redis does not know yet; it makes them known and is not stored.
    for (let round = 0; round < 3; round++) await lists.list();
    expect(lists.runs).toBe(2);
    await app.get(HeroService).touch(2);
    await lists.list();
    expect(lists.runs).toBe(3);
  });

  it('run as if there were no cache while Redis is away', async () => {
    const server = await RedisServer.start();
    const app = await boot([HeroService], { namespace: 'outage', redis: { url: server.url }, memory: false });
    const heroes = app.get(HeroService);
    await heroes.find(1);
    await server.kill();

    await expect(heroes.find(1)).resolves.toEqual({ id: 1, run: 2 });
    await expect(heroes.create(1)).resolves.toEqual({ id: 1, run: -1 });
    await expect(heroes.touch(1)).resolves.toBeUndefined();
    await server.stop();
  });
});
