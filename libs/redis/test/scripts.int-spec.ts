import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';
import { defineScript } from '../src/index.js';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';

const add = defineScript({
  name: 'add',
  keys: ['counter'],
  args: ['amount'],
  lua: `return redis.call('INCRBY', KEYS[1], ARGV[1])`,
  parse: Number,
});
const join = defineScript({
  name: 'join',
  keys: ['left', 'right'],
  args: ['separator', 'end'],
  lua: `return {KEYS[1] .. ARGV[1] .. KEYS[2], ARGV[2]}`,
  parse: (reply) => (reply as Buffer[]).map(String),
});
const refuse = defineScript({
  name: 'refuse',
  keys: [],
  args: [],
  lua: `return redis.error_reply('NOTNOW come back later')`,
  parse: () => undefined,
});

describe.each(IOREDIS_VERSIONS)('scripts over %s', (_name, Client) => {
  let server: RedisServer;
  let redis: RedisPort;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    redis = openRedis(Client, { url: server.url, deadline: '2s' });
    await redis.connect();
    await redis.send('FLUSHALL', []);
    await redis.send('SCRIPT', ['FLUSH']);
    await redis.send('CONFIG', ['RESETSTAT']);
  });
  afterEach(closeAll);

  async function calls(command: string): Promise<number> {
    const info = String(await redis.send('INFO', ['commandstats']));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
  }

  it('passes keys and arguments by name and parses the reply', async () => {
    await expect(redis.run(join, { right: 'r', left: 'l' }, { end: '.', separator: '-' })).resolves.toEqual([
      'l-r',
      '.',
    ]);
  });

  it('sends the text once and then the digest', async () => {
    for (let round = 0; round < 5; round++) await redis.run(add, { counter: 'n' }, { amount: 1 });
    expect(await calls('eval')).toBe(1);
    expect(await calls('evalsha')).toBe(4);
  });

  it('goes on after the server has forgotten its scripts', async () => {
    await redis.run(add, { counter: 'n' }, { amount: 1 });
    await redis.send('SCRIPT', ['FLUSH']);
    await expect(redis.run(add, { counter: 'n' }, { amount: 1 })).resolves.toBe(2);
  });

  it('repeats only the forgotten script of a batch, and nothing twice', async () => {
    await redis.run(add, { counter: 'n' }, { amount: 1 });
    await redis.send('SCRIPT', ['FLUSH']);
    const [first, second, plain] = await Promise.all([
      redis.run(add, { counter: 'n' }, { amount: 10 }),
      redis.run(add, { counter: 'm' }, { amount: 5 }),
      redis.send('INCR', ['plain']),
      redis.read(['n']),
    ]);
    expect([first, second, plain]).toEqual([11, 5, 1]);
    await expect(redis.send('GET', ['n'])).resolves.toEqual(Buffer.from('11'));
  });

  it('keeps the order of a tick from the first use on', async () => {
    await expect(
      Promise.all([
        redis.send('SET', ['n', 1]),
        redis.run(add, { counter: 'n' }, { amount: 1 }),
        redis.send('GET', ['n']),
      ]),
    ).resolves.toEqual([Buffer.from('OK'), 2, Buffer.from('2')]);
  });

  it("tells a script's own error by the script's name", async () => {
    await expect(redis.run(refuse, {}, {})).rejects.toMatchObject({
      code: 'REDIS_REPLY_ERROR',
      command: 'refuse',
      replyCode: 'NOTNOW',
    });
  });
});
