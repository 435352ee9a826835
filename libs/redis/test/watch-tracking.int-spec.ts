import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, RedisServer } from '@nest-strata/testing';
import { defineScript } from '../src/index.js';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';
import { Hearing, HEARTBEAT_MS } from './hearing.js';

const store = defineScript({
  name: 'store',
  keys: ['key'],
  args: ['value'],
  lua: `return redis.call('SET', KEYS[1], ARGV[1])`,
  parse: String,
});

describe.each(IOREDIS_VERSIONS)('watching by tracking over %s', (_name, Client) => {
  let server: RedisServer;
  let redis: RedisPort;
  let other: RedisPort;

  beforeEach(async () => {
    server = await RedisServer.start({ config: { hz: 100 } });
    redis = openRedis(Client, { url: server.url, deadline: '1s' });
    other = openRedis(Client, { url: server.url, deadline: '1s', name: 'other' });
    await other.connect();
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  it('opens nothing before there is a prefix to follow', async () => {
    const hearing = new Hearing(redis, 'auto');
    hearing.watch.follow([]);
    await sleep(20);
    expect(await names()).toEqual(['other']);
    expect(hearing.watch).toMatchObject({ mode: undefined, heardUpToMs: -Infinity, lagMs: undefined, losses: 0 });
  });

  it('says that it hears, and since when, once it does', async () => {
    const beforeMs = performance.now();
    const hearing = await Hearing.of(redis, 'auto', ['a:', 'b:']);
    expect(hearing.news).toEqual([{ kind: 'armed', prefixes: ['a:', 'b:'] }]);
    const { mode, heardUpToMs, lagMs, losses, announcement } = hearing.watch;
    expect({ mode, losses, announcement }).toEqual({ mode: 'tracking', losses: 0, announcement: undefined });
    expect(heardUpToMs).toBeGreaterThan(beforeMs);
    expect(heardUpToMs).toBeLessThan(performance.now());
    expect(lagMs).toBeGreaterThan(0);
    expect((await names()).sort()).toEqual(['other', 'strata', 'strata:watch']);
  });

  it('hears whatever others do to a key', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    const steps: [string, ...(string | number)[]][] = [
      ['SET', 'a:set', '1'],
      ['SET', 'a:set', '1'],
      ['EXPIRE', 'a:set', 100],
      ['PERSIST', 'a:set'],
      ['APPEND', 'a:set', '2'],
      ['DEL', 'a:set'],
      ['HSET', 'a:hash', 'field', '1'],
      ['UNLINK', 'a:hash'],
      ['EVAL', `redis.call('SET', KEYS[1], '1')`, 1, 'a:script'],
    ];
    for (const [command, ...args] of steps) {
      hearing.forget();
      await other.send(command, args);
      await hearing.untilHeard(args.find((word) => String(word).startsWith('a:')) as string);
    }
    hearing.forget();
    await other.send('RENAME', ['a:script', 'a:renamed']);
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual(['a:renamed', 'a:script']);
    expect(hearing.kinds).toEqual([]);
  });

  it('hears that a key expires, without being asked for it, and that one is evicted', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    await other.send('SET', ['a:short', '1', 'PX', 300]);
    await hearing.settle();
    hearing.forget();
    await hearing.untilHeard('a:short');

    await other.send('SET', ['a:big', 'x'.repeat(100_000)]);
    await hearing.settle();
    hearing.forget();
    await other.send('CONFIG', ['SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1']);
    await other.send('SET', ['b:1', '1']).catch(() => undefined);
    await hearing.untilHeard('a:big');
    expect(hearing.kinds).toEqual([]);
  });

  it('does not hear its own plain writes, but its own scripts', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    await Promise.all([redis.send('SET', ['a:1', '1']), redis.send('SET', ['a:2', '2'])]);
    await redis.send('DEL', ['a:1']);
    await redis.run(store, { key: 'a:3' }, { value: '3' });
    await hearing.settle();
    expect(hearing.keys).toEqual(['a:3']);
  });

  it('hears nothing of keys with other prefixes', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    await other.send('MSET', ['b:1', '1', 'a', '1', 'A:1', '1', 'a:1', '1']);
    await hearing.settle();
    expect(hearing.keys).toEqual(['a:1']);
  });

  it('reads names of keys as they are', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['ä:']);
    const keys = ['ä:é,ü', 'ä:😀\n\r\n', 'ä: '];
    await other.send(
      'MSET',
      keys.flatMap((key) => [key, '1']),
    );
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual([...keys].sort());
  });

  it('takes a flush for a loss after which it goes on hearing', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    hearing.forget();
    await other.send('FLUSHDB', []);
    await eventually(() => hearing.news.length === 2);
    expect(hearing.news).toEqual([
      { kind: 'lost', reason: 'a database was flushed' },
      { kind: 'armed', prefixes: ['a:'] },
    ]);
    expect(hearing.watch.losses).toBe(1);
    await other.send('SET', ['a:1', '1']);
    await hearing.untilHeard('a:1');
  });

  it('proves with every heartbeat that it hears', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    const stamps = new Set<number>();
    const startMs = performance.now();
    await eventually(() => stamps.add(hearing.watch.heardUpToMs).size === 6);
    expect(performance.now() - startMs).toBeGreaterThan(4 * HEARTBEAT_MS);
    expect([...stamps]).toEqual([...stamps].sort((a, b) => a - b));
    expect(hearing.kinds).toEqual(['armed']);
  });

  it('follows more prefixes without losing what it hears', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    hearing.watch.follow(['b:', 'a:']);
    await eventually(() => hearing.kinds.length === 2);
    expect(hearing.news).toEqual([
      { kind: 'armed', prefixes: ['a:'] },
      { kind: 'armed', prefixes: ['b:'] },
    ]);
    await other.send('MSET', ['a:1', '1', 'b:1', '1', 'c:1', '1']);
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual(['a:1', 'b:1']);
    expect(hearing.watch.losses).toBe(0);
  });

  it('follows what it was told while it was still arming', async () => {
    const hearing = new Hearing(redis, 'auto');
    hearing.watch.follow(['a:']);
    for (let step = 0; step < 20; step++) {
      await sleep(1);
      hearing.watch.follow([`b${step}:`]);
    }
    const armed = () => hearing.news.flatMap((item) => (item.kind === 'armed' ? item.prefixes : []));
    await eventually(() => armed().length === 21);
    expect(hearing.watch.losses).toBe(0);
    await other.send('SET', ['b19:1', '1']);
    await hearing.untilHeard('b19:1');
  });

  it('starts over for a prefix that includes one it follows', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['a:1:', 'b:']);
    hearing.watch.follow(['a:', 'b:2']);
    await eventually(() => hearing.kinds.length === 3);
    expect(hearing.kinds).toEqual(['armed', 'lost', 'armed']);
    await other.send('MSET', ['a:2', '1', 'b:3', '1']);
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual(['a:2', 'b:3']);
  });

  it('lets two watches share what they need, each hearing its own', async () => {
    const [first, second] = await Promise.all([
      Hearing.of(redis, 'auto', ['a:', 'both:']),
      Hearing.of(redis, 'tracking', ['b:', 'both:']),
    ]);
    expect((await names()).sort()).toEqual(['other', 'strata', 'strata:watch']);
    await other.send('MSET', ['a:1', '1', 'b:1', '1', 'both:1', '1']);
    await Promise.all([first.settle(), second.settle()]);
    expect(first.keys.sort()).toEqual(['a:1', 'both:1']);
    expect(second.keys.sort()).toEqual(['b:1', 'both:1']);

    await first.watch.close();
    first.forget();
    await other.send('MSET', ['a:2', '1', 'both:2', '1']);
    await second.untilHeard('both:2');
    expect(first.news).toEqual([]);
    await second.watch.close();
    await eventually(async () => !(await names()).includes('strata:watch'));
    await eventually(async () => String(await redis.send('CLIENT', ['TRACKINGINFO'])).includes('off'));
    await Hearing.of(redis, 'auto');
  });

  it('is certain of nothing for a watch that joins, until that is armed', async () => {
    const first = await Hearing.of(redis, 'auto', ['a:']);
    const second = new Hearing(redis, 'auto');
    second.watch.follow(['b:']);
    expect(first.watch.heardUpToMs).toBeGreaterThan(0);
    expect(second.watch.heardUpToMs).toBe(-Infinity);
    await second.untilArmed();
    expect(second.watch.heardUpToMs).toBeGreaterThan(0);
    expect(first.kinds).toEqual(['armed']);
  });

  it('refuses to track in two modes', async () => {
    const hearing = new Hearing(redis, 'auto');
    expect(() => new Hearing(redis, 'tracking-reads')).toThrow('is tracking-reads, but this port tracks in the mode');
    await hearing.watch.close();
    await Hearing.of(redis, 'tracking-reads');
    expect(() => new Hearing(redis, 'auto')).toThrow('tracking-reads');
    await Hearing.of(redis, 'bus');
  });

  it('goes on when somebody turns tracking off', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    await redis.send('CLIENT', ['TRACKING', 'OFF']);
    await eventually(() => hearing.kinds.length === 3);
    expect(hearing.reasons).toEqual(['the server has stopped telling of changes']);
    await other.send('SET', ['a:1', '1']);
    await hearing.untilHeard('a:1');
  });

  it('tells nothing more after it was closed, nor after the port was', async () => {
    const [first, second] = await Promise.all([Hearing.of(redis, 'auto'), Hearing.of(redis, 'auto')]);
    await first.watch.close();
    await redis.close();
    for (const hearing of [first, second]) {
      expect(hearing.watch.heardUpToMs).toBe(-Infinity);
      hearing.watch.follow(['c:']);
      expect(hearing.kinds).toEqual(['armed']);
    }
    const late = new Hearing(redis, 'auto');
    late.watch.follow(['a:']);
    await eventually(async () => (await names()).length === 1);
    expect(late.news).toEqual([]);
  });

  async function names(): Promise<string[]> {
    const list = String(await other.send('CLIENT', ['LIST']));
    return [...list.matchAll(/ name=(\S*)/g)].map(([, name]) => name ?? '');
  }
});
