import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { Module } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { CacheModule, CacheService } from '@nest-strata/cache';
import request from 'supertest';
import { ObservedModule } from '../examples/health.js';
import { RateModule, RateService, withFactoryClass, withRedis } from '../examples/module.js';
import { Reports, ReportService } from '../examples/quick-start.js';
import { SettingsShape } from '../src/options/settings.shape.js';
import { optionNames } from '../src/options/validate-options.js';
import type { OptionsShape } from '../src/options/validate-options.js';

function optionPaths(shape: OptionsShape, path = ''): string[] {
  return optionNames(shape).flatMap((name) => {
    const group = shape.groups?.[name];
    return [path + name, ...(group ? optionPaths(group, `${path}${name}.`) : [])];
  });
}

describe('the README of @nest-strata/cache', () => {
  it('lists every option, and no other', async () => {
    const page = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const section = page.slice(page.indexOf('## Options'), page.indexOf('## Named caches'));
    const listed = [...section.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...optionPaths(SettingsShape), 'isGlobal', 'caches'].sort());
  });
});

describe('the examples', () => {
  it('build a report once until the reports are rebuilt', async () => {
    const build = jest.fn((month: string) => Promise.resolve(`report of ${month}`));
    @Module({ providers: [{ provide: Reports, useValue: { build } }, ReportService] })
    class App {}
    const app = await Test.createTestingModule({ imports: [CacheModule.forRoot(), App] }).compile();
    const service = app.get(ReportService);
    await Promise.all([service.monthly('May'), service.monthly('May')]);
    expect(await service.monthly('May')).toBe('report of May');
    expect(build).toHaveBeenCalledTimes(1);
    await service.rebuild();
    await service.monthly('May');
    expect(build).toHaveBeenCalledTimes(2);
    await app.close();
  });

  it('keep the rates in a cache of their own', async () => {
    const app = await Test.createTestingModule({ imports: [CacheModule.forRoot(), RateModule] }).compile();
    const rates = app.get(RateService);
    expect([await rates.rate('EUR'), await rates.rate('EUR')]).toEqual([3, 3]);
    await rates.forget();
    await app.close();
  });

  it.each([
    ['forRoot', withRedis],
    ['forRootAsync', withFactoryClass],
  ])('configure Redis by %s', async (_, module) => {
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    expect(app.get(CacheService).name).toBe('shop');
    await app.close();
  });

  it('tell of the health over HTTP and of loads in events', async () => {
    const testing = await Test.createTestingModule({ imports: [ObservedModule] }).compile();
    const app = testing.createNestApplication({ logger: false });
    await app.init();
    for (const path of ['ready', 'live']) {
      await request(app.getHttpServer() as Server)
        .get(`/health/${path}`)
        .expect(200);
    }
    expect(app.get(EventEmitter2).listenerCount('cache.load')).toBe(1);
    await app.close();
  });
});
