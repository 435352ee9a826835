import { describe, expect, it } from '@jest/globals';
import { Codec, defaultTypes } from '@nest-strata/engine';
import { Redis } from 'ioredis';
import type { CacheSettings, NamedCacheOptions } from './cache-module-options.js';
import { InvalidCacheOptionsError } from './invalid-cache-options.error.js';
import { resolveCacheOptions, resolveCacheOverrides } from './resolve-cache-options.js';

class Money {
  constructor(readonly cents: number) {}
}

class UpperCaseCodec extends Codec {
  override readonly id = 200;
  override readonly name = 'upper';
  override encode(value: unknown): Buffer {
    return Buffer.from(String(value));
  }
  override decode(bytes: Buffer): unknown {
    return bytes.toString();
  }
}

const redis = { url: 'redis://localhost:6379' };

/** The problems of options as `path: message` lines. */
function problemsOf(settings: unknown, caches: unknown = {}): string[] {
  try {
    resolveCacheOptions(settings as CacheSettings, caches as never);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidCacheOptionsError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('options that are wrong', () => {
  it.each<[string, unknown, string]>([
    ['no object', undefined, 'options: given a value of type undefined; return an object of options, {} for none'],
    ['a list', [], 'options: given an empty list; return an object of options, {} for none'],
    ['a misspelt option', { tttl: '1h' }, "tttl: unknown option; did you mean 'ttl' or 'ttls'?"],
    [
      'a misspelt option in a group',
      { memory: { maxEntry: 5 } },
      "memory.maxEntry: unknown option; did you mean 'maxEntries'?",
    ],
    [
      'an option that does not exist',
      { memory: { size: 5 } },
      'memory.size: unknown option; the options here are maxEntries, maxBytes, ttl, values',
    ],
    [
      'a feature that does not exist',
      { sharding: 5 },
      'sharding: unknown option; the options here are namespace, ttl, jitter, memory, redis, coherence, loads, recovery, ' +
        'codec, compression, limits, types, ttls, enabled, health, outbox, grace, staleWhileRevalidate, refreshAhead, ' +
        'earlyRefresh, negativeTtl, slidingTtl, softTimeout, hardTimeout, lockTimeout, onLockTimeout, errorTtl, retryAfter',
    ],
    ['a name of Object.prototype', { toString: 1 }, 'toString: unknown option; the options here are'],
    ['a prototype', JSON.parse('{"__proto__": {"ttl": "1s"}}'), '__proto__: unknown option; the options here are'],
    ['a constructor', { constructor: 1 }, 'constructor: unknown option; the options here are'],
    ['a bare number', { ttl: 3600 }, "ttl: 3600 is a bare number; write '3600s' or '3600ms'"],
    [
      'a negative duration',
      { ttl: -5 },
      "ttl: given -5; write a number with a unit, such as '500ms', '30s', '5m', '1h' or '30d', or 'forever'",
    ],
    [
      'words for a duration',
      { ttl: '5 minutes' },
      `ttl: given "5 minutes"; write a number with a unit, such as '500ms', '30s', '5m', '1h' or '30d', or 'forever'`,
    ],
    ['null for a duration', { ttl: null }, 'ttl: given null; write a number with a unit'],
    ['a duration in a group', { memory: { ttl: 5 } }, "memory.ttl: 5 is a bare number; write '5s' or '5ms'"],
    ['a whole share', { jitter: 1 }, 'jitter: given 1; write a share from 0 up to but not including 1, such as 0.1'],
    ['a text for a share', { jitter: '10%' }, 'jitter: given "10%"; write a share'],
    [
      'no entries',
      { memory: { maxEntries: 0 } },
      'memory.maxEntries: given 0; write a whole number of entries, at least 1',
    ],
    [
      'half an entry',
      { memory: { maxEntries: 1.5 } },
      'memory.maxEntries: given 1.5; write a whole number of entries, at least 1',
    ],
    [
      'a size with a unit',
      { memory: { maxBytes: '64mb' } },
      'memory.maxBytes: given "64mb"; write a whole number of bytes, at least 1',
    ],
    [
      'an unknown word',
      { memory: { values: 'copied' } },
      "memory.values: given \"copied\"; write 'frozen' or 'cloned' or 'shared'",
    ],
    ['true for a group or false', { memory: true }, 'memory: given true; write an object of options, or false'],
    ['a list for a group', { limits: [1] }, 'limits: given a list of 1; write an object of options'],
    [
      'an instance for a group',
      { limits: new Money(1) },
      'limits: given an instance of Money; write an object of options',
    ],
    [
      'no tier at all',
      { memory: false },
      'memory: given false without redis, which leaves no tier; configure redis, or write enabled: false for no cache at all',
    ],
    [
      'Redis without a namespace',
      { redis },
      "namespace: missing, and needed with redis; write the name of your application, such as 'shop'",
    ],
    ['an empty namespace', { namespace: '' }, 'namespace: given ""; write a text, such as \'shop\''],
    [
      'a namespace that is no text',
      { namespace: Symbol('x') },
      'namespace: given a value of type symbol; write a text',
    ],
    [
      'an unknown codec',
      { codec: 'yaml' },
      "codec: given \"yaml\"; write 'json', 'msgpack', or an instance of a class that extends Codec",
    ],
    ['the class of a codec', { codec: UpperCaseCodec }, 'codec: given the function UpperCaseCodec; write'],
    ['half a codec', { codec: { id: 200, name: 'x' } }, 'codec: given an object; write'],
    ['no codec', { codec: null }, 'codec: given null; write'],
    [
      'an unknown compression',
      { compression: { algorithm: 'lz4' } },
      "compression.algorithm: given \"lz4\"; write 'gzip' or 'brotli'",
    ],
    [
      'a negative threshold',
      { compression: { thresholdBytes: -1 } },
      'compression.thresholdBytes: given -1; write a whole number of bytes, at least 0',
    ],
    [
      'a limit that cuts every key',
      { limits: { maxKeyBytes: 10 } },
      'limits.maxKeyBytes: given 10; write a whole number of bytes, at least 128',
    ],
    [
      'a huge limit',
      { limits: { maxValueBytes: Infinity } },
      'limits.maxValueBytes: given Infinity; write a whole number',
    ],
    ['one type', { types: Money }, 'types: given the function Money; write a list of classes, such as [Money]'],
    ['no class', { types: ['Money'] }, 'types: given "Money" at 0; write a class, or { type: Money, name: \'money\' }'],
    [
      'types of one name',
      { types: [Money, { type: class {}, name: 'Money' }] },
      'types: The class Money cannot be registered',
    ],
    [
      'times to live that are none',
      { ttls: { hero: 60, child: '1h' } },
      "ttls: for hero, 60 is a bare number; write '60s' or '60ms'",
    ],
    ['a time to live for all', { ttls: '1h' }, 'ttls: given "1h"; write an object such as { hero: \'1h\' }'],
    ['a text for a switch', { enabled: 'no' }, 'enabled: given "no"; write true or false'],
    ['a bigint for a switch', { enabled: 1n }, 'enabled: given 1n; write true or false'],
    [
      'a word for a list',
      { health: { failOn: 'down' } },
      "health.failOn: given \"down\"; write a list of 'degraded' or 'down'",
    ],
    [
      'an unknown state',
      { health: { failOn: ['up'] } },
      "health.failOn: given a list of 1; write a list of 'degraded' or 'down'",
    ],
    ['a text for the outbox', { outbox: 'evictions' }, 'outbox: given "evictions"; write true, false or an object'],
    [
      'SQL for the outbox',
      { outbox: { table: 'x; DROP TABLE y' } },
      'outbox.table: given "x; DROP TABLE y"; write a name',
    ],
    ['a bare number for the outbox', { outbox: { interval: 5 } }, 'outbox.interval: 5 is a bare number'],
    [
      'an outbox without a rest',
      { outbox: { interval: '0ms' } },
      `outbox.interval: given "0ms"; write a duration from`,
    ],
    ['an outbox that rests', { outbox: { interval: 'forever' } }, `outbox.interval: given "forever"; write a duration`],
    [
      'a switch for a duration',
      { staleWhileRevalidate: true },
      `staleWhileRevalidate: given true; write a number with a unit`,
    ],
    ['a bare number for grace', { grace: 60 }, "grace: 60 is a bare number; write '60s' or '60ms'"],
    [
      'a percentage',
      { refreshAhead: 80 },
      'refreshAhead: given 80; write a share from 0 up to but not including 1, such as 0.8',
    ],
    ['all of the life', { refreshAhead: 1 }, 'refreshAhead: given 1; write a share'],
    ['a negative share', { refreshAhead: -0.5 }, 'refreshAhead: given -0.5; write a share'],
    [
      'a negative beta',
      { earlyRefresh: -1 },
      'earlyRefresh: given -1; write a number of 0 or more: 0 for none, 1 as is',
    ],
    ['an endless beta', { earlyRefresh: Infinity }, 'earlyRefresh: given Infinity; write a number'],
    ['a time limit without a unit', { hardTimeout: 500 }, "hardTimeout: 500 is a bare number; write '500s' or '500ms'"],
    ['an unknown reaction', { onLockTimeout: 'wait' }, `onLockTimeout: given "wait"; write 'load' or 'fail'`],
    ['an error for ever', { errorTtl: 'forever' }, `errorTtl: given "forever"; write a duration from '0ms' to '1d'`],
    ['no second attempt', { retryAfter: '2d' }, `retryAfter: given "2d"; write a duration from '0ms' to '1d'`],
    [
      'a time limit that comes too late',
      { grace: '1h', softTimeout: '2s', hardTimeout: '1s' },
      'softTimeout: softTimeout "2s" is never reached: hardTimeout "1s" comes first; write a shorter one',
    ],
    [
      'a time limit for nothing to serve',
      { softTimeout: '200ms' },
      `softTimeout: softTimeout "200ms" is never used: without grace there is no copy to serve; write grace: '1h' too`,
    ],
    [
      'the same with a grace of nothing',
      { softTimeout: '200ms', grace: '0ms' },
      'softTimeout: softTimeout "200ms" is never',
    ],
    [
      'a sliding life that is too long',
      { ttl: '10m', slidingTtl: '1h' },
      'slidingTtl: slidingTtl "1h" prolongs nothing: ttl "10m" ends the entry before; write a shorter one, or a longer ttl',
    ],
    ['a sliding life as long as the default ttl', { slidingTtl: '1h' }, 'slidingTtl: slidingTtl "1h" prolongs nothing'],
    [
      'a sliding life without an end',
      { ttl: 'forever', slidingTtl: 'forever' },
      'slidingTtl: slidingTtl "forever" prolongs',
    ],
    [
      'no load at all',
      { loads: { maxConcurrent: 0 } },
      'loads.maxConcurrent: given 0; write a whole number of loads, at least 1',
    ],
    [
      'a queue before an open door',
      { loads: { maxQueued: 5 } },
      'loads.maxQueued: given 5, which is never used: without maxConcurrent',
    ],
    ['a number for loads', { loads: 5 }, 'loads: given 5; write an object of options'],
    [
      'an unknown coherence',
      { namespace: 'shop', redis, coherence: 'pubsub' },
      `coherence: given "pubsub"; write 'auto' or 'tracking' or 'tracking-reads' or 'bus' or 'none'`,
    ],
    [
      'coherence with nobody',
      { coherence: 'bus' },
      'coherence: given "bus" without redis, where no other process shares the cache; leave it out, or configure redis',
    ],
    [
      'no tier but the Redis that is switched off',
      { redis: false, memory: false },
      'memory: given false without redis, which leaves no tier',
    ],
    [
      'a long life in memory that hears of nothing',
      { namespace: 'shop', redis, coherence: 'none', memory: { ttl: '1h' } },
      `memory.ttl: given "1h", which is never reached: memory that hears of no changes keeps copies for a second; write '1s'`,
    ],
    [
      'a window without an end',
      { namespace: 'shop', redis, recovery: { failoverWindow: 'forever' } },
      `recovery.failoverWindow: given "forever"; write a duration from '1s' to '1h'`,
    ],
    [
      'nothing that may wait',
      { recovery: { maxPendingEvicts: 0 } },
      'recovery.maxPendingEvicts: given 0; write a whole number of evicts',
    ],
    ['a misplaced switch', { isGlobal: false }, 'isGlobal: write it beside the factory, in forRootAsync({ … }) itself'],
    ['misplaced caches', { caches: {} }, 'caches: write it beside the factory, in forRootAsync({ … }) itself'],
    [
      'a text for redis',
      { namespace: 'shop', redis: redis.url },
      'redis: given "redis://localhost:6379"; write an object of options',
    ],
    [
      'an unknown option of redis',
      { namespace: 'shop', redis: { ...redis, sentinel: 1 } },
      'redis.sentinel: is not an option',
    ],
    ['a bare number in redis', { namespace: 'shop', redis: { ...redis, deadline: 50 } }, 'redis.deadline: is 50.'],
  ])('are refused: %s', (_, settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, unknown, string]>([
    ['no object', 5, "caches: given 5; write an object such as { heroes: { ttl: '10m' } }"],
    ['no options', { heroes: '10m' }, 'caches.heroes: given "10m"; write an object of options, {} for none'],
    [
      'an unknown option',
      { heroes: { redis } },
      'caches.heroes.redis: unknown option; the options here are ttl, jitter, memory, loads, grace, staleWhileRevalidate',
    ],
    [
      'a bare number',
      { heroes: { memory: { ttl: 5 } } },
      "caches.heroes.memory.ttl: 5 is a bare number; write '5s' or '5ms'",
    ],
    ['no name', { '': {} }, "caches: given a cache without a name; write one, such as 'heroes'"],
    ['no tier', { heroes: { memory: false } }, 'caches.heroes.memory: given false without redis, which leaves no tier'],
    ['a coherence of its own', { heroes: { coherence: 'bus' } }, 'caches.heroes.coherence: unknown option'],
    [
      'a time limit for nothing to serve',
      { heroes: { softTimeout: '1s' } },
      'caches.heroes.softTimeout: softTimeout "1s" is never used',
    ],
  ])('are refused in named caches: %s', (_, caches, problem) => {
    expect(problemsOf({}, caches)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, CacheSettings, NamedCacheOptions, string]>([
    [
      'a ttl that ends before the sliding life of the root cache',
      { ttl: '1d', slidingTtl: '1h' },
      { ttl: '10m' },
      'caches.heroes.ttl: slidingTtl "1h" prolongs nothing: ttl "10m" ends the entry before',
    ],
    [
      'no grace for the time limit of the root cache',
      { grace: '1h', softTimeout: '1s' },
      { grace: '0ms' },
      'caches.heroes.grace: softTimeout "1s" is never used: without grace',
    ],
    [
      'a long life in memory that hears of nothing',
      { namespace: 'shop', redis, coherence: 'none' },
      { memory: { ttl: '1m' } },
      'caches.heroes.memory.ttl: given "1m", which is never reached',
    ],
  ])('are refused where they do not go with those of the root cache: %s', (_, settings, heroes, problem) => {
    expect(problemsOf(settings, { heroes })).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, CacheSettings, NamedCacheOptions]>([
    ['a time limit with the grace of the root cache', { grace: '1h' }, { softTimeout: '1s' }],
    ['a longer ttl for a sliding life', { ttl: '1m' }, { ttl: '1d', slidingTtl: '1h' }],
    ['a queue behind the bound of the root cache', { loads: { maxConcurrent: 5 } }, { loads: { maxQueued: 5 } }],
    ['no time limit', { softTimeout: '0ms', hardTimeout: '5s' }, { softTimeout: 'forever' }],
  ])('are none where they go with those of the root cache: %s', (_, settings, heroes) => {
    expect(problemsOf(settings, { heroes })).toEqual([]);
  });

  it('are told once, where they are written, when a named cache only inherits them', () => {
    expect(problemsOf({ softTimeout: '1s' }, { heroes: { ttl: '1m' } })).toEqual([
      expect.stringContaining('softTimeout: softTimeout "1s" is never used'),
    ]);
  });

  it('are told all at once, each with its path', () => {
    const settings = {
      ttl: 60,
      memory: { maxEntries: -1 },
      redis: { url: 'http://x' },
      nope: 1,
    } as unknown as CacheSettings;
    const resolve = () => resolveCacheOptions(settings, { heroes: { jitter: 2 } });
    expect(resolve).toThrow(InvalidCacheOptionsError);
    expect(resolve).toThrow(/^6 options of the cache are wrong:\n {2}- nope: .*\n {2}- namespace: /);
    expect(problemsOf(settings, { heroes: { jitter: 2 } }).map((problem) => problem.split(':')[0])).toEqual([
      'nope',
      'namespace',
      'ttl',
      'memory.maxEntries',
      'redis.url',
      'caches.heroes.jitter',
    ]);
  });

  it('are told in the singular when there is one', () => {
    expect(() => resolveCacheOptions({ ttl: '-1s' })).toThrow(/^An option of the cache is wrong:\n {2}- ttl: /);
  });

  it.each([
    { namespace: 'shop', redis: 'redis://user:hunter2@localhost' },
    { namespace: 'shop', redis: { url: 'http://user:hunter2@localhost' } },
    { namespace: 'shop', redis: { url: 'redis://user:hunter2@:x' } },
    { namespace: 'shop', redis: { url: 5, password: 'hunter2' } },
    { ttl: 'redis://:hunter2@localhost' },
    { types: ['redis://user:hunter2@localhost'] },
  ])('never show a password: %#', (settings) => {
    const problems = problemsOf(settings);
    expect(problems).not.toEqual([]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('shows no more than the beginning of a long text', () => {
    expect(problemsOf({ codec: 'x'.repeat(1000) })).toEqual([expect.stringMatching(/^codec: given "x{80}…"; write/)]);
  });
});

describe('options that are right', () => {
  it('get their defaults', () => {
    expect(resolveCacheOptions({})).toEqual({
      cache: {
        namespace: ['default'],
        ttlMs: 3_600_000,
        memoryTtlMs: Infinity,
        jitter: 0,
        graceMs: 0,
        staleWhileRevalidateMs: 0,
        negativeTtlMs: undefined,
        slidingTtlMs: 0,
        refreshAhead: 0,
        earlyRefresh: 0,
        softTimeoutMs: Infinity,
        hardTimeoutMs: Infinity,
        lockTimeoutMs: 10_000,
        onLockTimeout: 'load',
        errorTtlMs: 0,
        retryAfterMs: 1_000,
        memory: { maxEntries: 10_000, maxBytes: 67_108_864, values: 'frozen' },
        types: defaultTypes,
        compression: undefined,
        limits: { maxValueBytes: 1_048_576, maxKeyBytes: 1024 },
        coherence: 'auto',
        loads: { maxConcurrent: Infinity, maxQueued: Infinity },
        recovery: { failoverWindowMs: 30_000, maxPendingEvicts: 10_000 },
        enabled: true,
      },
      inherited: { given: { ttl: '1h' }, hasRedis: false },
      codec: 'json',
      redis: undefined,
      caches: [],
      ttls: [],
      failOn: ['down'],
      ignored: [],
    });
  });

  it('become milliseconds, and what is given replaces the defaults', () => {
    const codec = new UpperCaseCodec();
    const settings: CacheSettings = {
      namespace: 'shop',
      ttl: '1.5s',
      jitter: 0.1,
      memory: { maxEntries: 5, maxBytes: 6, ttl: '2m', values: 'shared' },
      grace: '1m',
      staleWhileRevalidate: '2m',
      negativeTtl: '0ms',
      slidingTtl: '1s',
      refreshAhead: 0.8,
      earlyRefresh: 1.5,
      softTimeout: '100ms',
      hardTimeout: '200ms',
      lockTimeout: '0ms',
      onLockTimeout: 'fail',
      errorTtl: '3s',
      retryAfter: '4s',
      redis,
      coherence: 'tracking-reads',
      loads: { maxConcurrent: 3, maxQueued: 0 },
      recovery: { failoverWindow: '1m', maxPendingEvicts: 8 },
      codec,
      compression: { thresholdBytes: 0, algorithm: 'gzip' },
      limits: { maxValueBytes: 7, maxKeyBytes: 128 },
      types: [Money],
      ttls: { hero: '1h' },
      enabled: true,
      health: { failOn: [] },
    };
    const resolved = resolveCacheOptions(settings, { heroes: { ttl: '5m' } });
    expect(resolved).toMatchObject({
      cache: {
        namespace: ['shop'],
        ttlMs: 1500,
        memoryTtlMs: 120_000,
        jitter: 0.1,
        memory: { maxEntries: 5, maxBytes: 6, values: 'shared' },
        graceMs: 60_000,
        staleWhileRevalidateMs: 120_000,
        negativeTtlMs: 0,
        slidingTtlMs: 1000,
        refreshAhead: 0.8,
        earlyRefresh: 1.5,
        softTimeoutMs: 100,
        hardTimeoutMs: 200,
        lockTimeoutMs: 0,
        onLockTimeout: 'fail',
        errorTtlMs: 3000,
        retryAfterMs: 4000,
        coherence: 'tracking-reads',
        loads: { maxConcurrent: 3, maxQueued: 0 },
        recovery: { failoverWindowMs: 60_000, maxPendingEvicts: 8 },
        compression: { thresholdBytes: 0, algorithm: 'gzip' },
        limits: { maxValueBytes: 7, maxKeyBytes: 128 },
      },
      caches: [{ name: 'heroes', options: { ttl: '5m' } }],
      ttls: [{ name: 'hero', ttl: '1h' }],
      failOn: [],
    });
    expect(resolved.codec).toBe(codec);
    expect(resolved.cache.types.ofName('Money')).toBeDefined();
  });

  it('may be undefined, as spreading optional settings makes them', () => {
    const given = { ttl: undefined, memory: undefined, redis: undefined, codec: undefined, types: undefined };
    expect(resolveCacheOptions(given as unknown as CacheSettings)).toEqual(resolveCacheOptions({}));
  });

  it('let memory keep copies for as long as memory.ttl says, over Redis too', () => {
    const memoryTtlMsOf = (settings: CacheSettings) =>
      resolveCacheOptions({ namespace: 'shop', ...settings }).cache.memoryTtlMs;
    expect(memoryTtlMsOf({ redis, memory: { ttl: '1h' } })).toBe(3_600_000);
    expect(memoryTtlMsOf({ redis, memory: { ttl: '500ms' } })).toBe(500);
    expect(memoryTtlMsOf({ redis })).toBe(Infinity);
    expect(memoryTtlMsOf({ redis, coherence: 'none', memory: { ttl: '1s' } })).toBe(1000);
  });

  it('compress with brotli from a kilobyte on when nothing else is said', () => {
    expect(resolveCacheOptions({ compression: {} }).cache.compression).toEqual({
      thresholdBytes: 1024,
      algorithm: 'brotli',
    });
  });

  it('switch memory off over Redis', () => {
    expect(resolveCacheOptions({ namespace: 'shop', redis, memory: false }).cache.memory.maxEntries).toBe(0);
  });

  it('need no Redis while the cache is switched off', () => {
    expect(resolveCacheOptions({ namespace: 'shop', redis, enabled: false }).redis).toBeUndefined();
    expect(resolveCacheOptions({ memory: false, enabled: false }).cache.enabled).toBe(false);
  });

  it('count for nothing where they are about a Redis that is switched off, and are told', () => {
    const aboutRedis: CacheSettings = { coherence: 'none', recovery: { failoverWindow: '1m' }, outbox: true };
    const settings: CacheSettings = { memory: { ttl: '1h' }, ...aboutRedis, redis: false };
    const { ignored, ...resolved } = resolveCacheOptions(settings, { heroes: { memory: { ttl: '2h' } } });
    expect(ignored).toEqual(['coherence', 'recovery', 'outbox']);
    const { ignored: none, ...without } = resolveCacheOptions(
      { memory: { ttl: '1h' } },
      { heroes: { memory: { ttl: '2h' } } },
    );
    expect(none).toEqual([]);
    expect(resolved).toEqual(without);
  });

  it.each<[readonly string[], CacheSettings]>([
    [['recovery'], { recovery: { maxPendingEvicts: 5 }, outbox: false }],
    [[], { namespace: 'shop', redis, coherence: 'bus', recovery: {}, outbox: true }],
    [[], { redis: false, outbox: true, enabled: false }],
  ])('are told as ignored, %j, in %j', (ignored, settings) => {
    expect(resolveCacheOptions(settings).ignored).toEqual(ignored);
  });

  it('register types with their own names and functions', () => {
    const { types } = resolveCacheOptions({
      types: [
        {
          type: Money,
          name: 'cash',
          serialize: ({ cents }: Money) => cents,
          deserialize: (cents: number) => new Money(cents),
        },
      ],
    }).cache;
    expect(types.ofName('cash')?.serialize(new Money(5))).toBe(5);
  });

  it('accept a client, and leave it as it is', () => {
    const client = new Redis({ lazyConnect: true });
    const resolved = resolveCacheOptions({ namespace: 'shop', redis: { client } });
    expect(resolved.redis?.client).toBe(client);
    expect(Object.isFrozen(client)).toBe(false);
  });

  it('are frozen to the bottom', () => {
    const resolved = resolveCacheOptions({ ttls: { hero: '1h' } }, { heroes: { memory: { maxEntries: 5 } } });
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value === defaultTypes) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(resolved);
  });

  it('leave what was given as it was', () => {
    const settings = { memory: { maxEntries: 5 }, ttls: { hero: '1h' } } as const;
    const caches = { heroes: { memory: { maxEntries: 5 } } };
    resolveCacheOptions(settings, caches);
    for (const given of [settings, settings.memory, settings.ttls, caches, caches.heroes, caches.heroes.memory]) {
      expect(Object.isFrozen(given)).toBe(false);
    }
  });
});

describe('the outbox', () => {
  it.each<[string, CacheSettings, unknown]>([
    ['is off by default', { redis }, undefined],
    ['can be off', { redis, outbox: false }, undefined],
    ['can be on', { redis, outbox: true }, { table: 'strata_outbox', intervalMs: 1000 }],
    [
      'can have a table of its own',
      { redis, outbox: { table: 'cache.evictions', interval: '5s' } },
      { table: 'cache.evictions', intervalMs: 5000 },
    ],
    ['is off without Redis', { outbox: true }, undefined],
    ['is off where the cache is', { redis, enabled: false, outbox: true }, undefined],
  ])('%s', (_, settings, expected) => {
    expect(resolveCacheOptions({ namespace: 'shop', ...settings }).outbox).toEqual(expected);
  });
});

describe('the options of a namespace', () => {
  const given = { ttl: '1h', memory: { maxEntries: 50, maxBytes: 60, values: 'cloned' } } as const;
  const inherited = { given, hasRedis: false };

  it('hold nothing but what differs', () => {
    expect(resolveCacheOverrides('x', {}, inherited)).toEqual({ overrides: {}, inherited });
    const options = { ttl: '1s', jitter: 0.5, grace: '1m', softTimeout: '0ms', refreshAhead: 0.5 } as const;
    expect(resolveCacheOverrides('x', options, inherited).overrides).toEqual({
      ttlMs: 1000,
      jitter: 0.5,
      graceMs: 60_000,
      softTimeoutMs: Infinity,
      refreshAhead: 0.5,
    });
  });

  it('take the rest of the memory options from the cache around, and pass them on', () => {
    const { overrides, inherited: passedOn } = resolveCacheOverrides(
      'x',
      { memory: { maxEntries: 5, ttl: '1h' } },
      inherited,
    );
    expect(overrides).toEqual({ memory: { maxEntries: 5, maxBytes: 60, values: 'cloned' }, memoryTtlMs: 3_600_000 });
    expect(passedOn.given).toEqual({ ttl: '1h', memory: { ...given.memory, maxEntries: 5, ttl: '1h' } });
  });

  it('take the rest of the bounds of loads from the cache around', () => {
    const around = { given: { loads: { maxConcurrent: 5, maxQueued: 6 } }, hasRedis: false };
    expect(resolveCacheOverrides('x', { loads: { maxConcurrent: 1 } }, around).overrides).toEqual({
      loads: { maxConcurrent: 1, maxQueued: 6 },
    });
    expect(resolveCacheOverrides('x', { loads: {} }, inherited).overrides).toEqual({
      loads: { maxConcurrent: Infinity, maxQueued: Infinity },
    });
  });

  it('switch memory off, and on again inside', () => {
    const overRedis = { ...inherited, hasRedis: true };
    const off = resolveCacheOverrides('x', { memory: false }, overRedis);
    expect(off.overrides.memory?.maxEntries).toBe(0);
    expect(resolveCacheOverrides('y', { memory: {} }, off.inherited).overrides.memory?.maxEntries).toBe(10_000);
  });

  it('are checked', () => {
    expect(() => resolveCacheOverrides('x', { ttl: 5 as never }, inherited)).toThrow(
      /caches\.x\.ttl: 5 is a bare number/,
    );
  });
});
