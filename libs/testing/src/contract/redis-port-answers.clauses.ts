import assert from 'node:assert/strict';
import { defineScript } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import type { ContractClause } from './contract.js';
import { keysOfAllKinds } from './keys-of-all-kinds.js';
import type { RedisPortSubject } from './redis-port-subject.js';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const swap = defineScript({
  name: 'swap',
  keys: ['first', 'second'],
  args: ['suffix'],
  lua: `
    local first = redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]) .. ARGV[1])
    redis.call('SET', KEYS[2], first .. ARGV[1])
    return {first, 7}`,
  parse: (reply) => reply as [Buffer, number],
});

const refuse = defineScript({
  name: 'refuse',
  keys: ['any'],
  args: [],
  lua: `return redis.error_reply('REFUSED by the script')`,
  parse: String,
});

const unreadable = defineScript({
  name: 'unreadable',
  keys: ['any'],
  args: [],
  lua: 'return 1',
  parse: () => {
    throw new Error('this reply cannot be read');
  },
});

/** A Redis that is well: what a port answers. */
export const redisPortAnswerClauses: readonly ContractClause<RedisPortSubject>[] = [
  {
    title: 'reads values in the order of the keys, with null for misses and for what is no string, duplicates included',
    async check({ port }) {
      await port.send('MSET', ['a', 'of a', 'b', 'of b']);
      await port.send('RPUSH', ['list', 'item']);
      assert.deepEqual(texts(await port.read(['b', 'missing', 'a', 'list', 'b'])), [
        'of b',
        null,
        'of a',
        null,
        'of b',
      ]);
      assert.deepEqual(await port.read(['list']), [null]);
      assert.deepEqual(await port.read([]), []);
    },
  },
  {
    title: 'carries every byte and any key',
    async check({ port }) {
      await port.send('SET', ['bytes', ALL_BYTES]);
      await port.send('SET', ['empty', '']);
      const [bytes, empty] = await port.read(['bytes', 'empty']);
      assert.deepEqual(bytes, ALL_BYTES);
      assert.deepEqual(empty, Buffer.alloc(0));
      const keys = keysOfAllKinds();
      for (const key of keys) await port.send('SET', [key, `of ${key}`]);
      assert.deepEqual(
        texts(await port.read(keys)),
        keys.map((key) => `of ${key}`),
      );
    },
  },
  {
    title: 'asks once for all that is read in one tick, and once for each key',
    async check({ port }) {
      await port.send('MSET', ['a', '1', 'b', '2', 'c', '3']);
      await port.send('CONFIG', ['RESETSTAT']);
      const replies = await Promise.all([port.read(['a', 'b']), port.read(['b', 'c', 'missing']), port.read(['a'])]);
      assert.deepEqual(replies.map(texts), [['1', '2'], ['2', '3', null], ['1']]);
      const stats = String(await port.send('INFO', ['everything']));
      assert.match(stats, /cmdstat_mget:calls=1,/);
      assert.doesNotMatch(stats, /cmdstat_get:/);
      assert.match(stats, /keyspace_hits:3\r/);
      assert.match(stats, /keyspace_misses:1\r/);
    },
  },
  {
    title: 'reads more keys than one command should ask for',
    async check({ port }) {
      const keys = Array.from({ length: 2_500 }, (_, index) => `key:${index}`);
      await fill(port, keys);
      assert.deepEqual(texts(await port.read(keys)), keys);
    },
  },
  {
    title: 'gives replies as Redis does: numbers, buffers, lists and null',
    async check({ port }) {
      assert.deepEqual(await port.send('SET', ['key', ALL_BYTES]), Buffer.from('OK'));
      assert.equal(await port.send('INCRBY', ['count', 41]), 41);
      assert.deepEqual(await port.send('GET', ['key']), ALL_BYTES);
      assert.equal(await port.send('GET', ['missing']), null);
      assert.deepEqual(await port.send('MGET', ['count', 'missing']), [Buffer.from('41'), null]);
      assert.deepEqual(await port.send('EXISTS', [Buffer.from('key'), 'missing']), 1);
    },
  },
  {
    title: 'carries out the commands of a tick in their order, and ahead of its reads',
    async check({ port }) {
      const read = port.read(['list:length', 'key']);
      const commands = Array.from({ length: 100 }, (_, index) => port.send('RPUSH', ['list', index]));
      const set = port.send('SET', ['key', 'set after the read was asked for']);
      assert.deepEqual(
        await Promise.all(commands),
        commands.map((_, index) => index + 1),
      );
      await set;
      assert.deepEqual(texts(await read), [null, 'set after the read was asked for']);
      assert.deepEqual(
        ((await port.send('LRANGE', ['list', 0, -1])) as Buffer[]).map(Number),
        commands.map((_, index) => index),
      );
    },
  },
  {
    title: 'rejects a command that Redis refuses, with its words and without the arguments, and no other of the tick',
    async check({ port }) {
      const before = port.send('SET', ['key', 'text']);
      const refused = port.send('INCRBY', ['key', 'hush-hush']);
      const after = port.send('APPEND', ['key', '!']);
      const read = port.read(['key']);
      await assert.rejects(refused, (error: Error & { code?: unknown; replyCode?: unknown }) => {
        assert.equal(error.code, 'REDIS_REPLY_ERROR');
        assert.equal(error.replyCode, 'ERR');
        assert.match(error.message, /INCRBY.*not an integer/);
        assert.doesNotMatch(JSON.stringify(error) + error.message, /hush-hush/);
        return true;
      });
      assert.deepEqual(await before, Buffer.from('OK'));
      assert.equal(await after, 5);
      assert.deepEqual(texts(await read), ['text!']);
    },
  },
  {
    title: 'runs a script with its keys and arguments by name, and parses the reply',
    async check({ port }) {
      await port.send('MSET', ['a', 'of a', 'b', 'of b']);
      for (const [first, second] of [
        ['of a', 'of b'],
        ['of b!', 'of a!'],
      ] as const) {
        const [reply, seven] = await port.run(swap, { second: 'b', first: 'a' }, { suffix: '!' });
        assert.deepEqual([String(reply), seven], [first, 7]);
        assert.deepEqual(texts(await port.read(['a', 'b'])), [`${second}!`, `${first}!`]);
      }
    },
  },
  {
    title: 'runs a script that the server has forgotten',
    async check({ port }) {
      await port.send('MSET', ['a', '1', 'b', '2']);
      await port.run(swap, { first: 'a', second: 'b' }, { suffix: '' });
      await port.send('SCRIPT', ['FLUSH']);
      const runs = Array.from({ length: 3 }, () => port.run(swap, { first: 'a', second: 'b' }, { suffix: '' }));
      await Promise.all(runs);
      assert.deepEqual(texts(await port.read(['a', 'b'])), ['1', '2']);
    },
  },
  {
    title: 'rejects a script that refuses, or whose reply cannot be parsed, and no other call of the tick',
    async check({ port }) {
      const [refused, unread, set] = await Promise.allSettled([
        port.run(refuse, { any: 'a' }, {}),
        port.run(unreadable, { any: 'a' }, {}),
        port.send('SET', ['key', 'value']),
      ]);
      assert.ok(refused.status === 'rejected' && String(refused.reason).includes('REFUSED by the script'));
      assert.ok(unread.status === 'rejected' && String(unread.reason).includes('this reply cannot be read'));
      assert.equal(set.status, 'fulfilled');
    },
  },
  {
    title: 'scans every key that matches, and no other',
    async check({ port }) {
      const wanted = Array.from({ length: 3_000 }, (_, index) => `wanted:${index}`);
      await fill(port, [...wanted, 'other:1', 'wanted']);
      assert.deepEqual(await scanAll(port, 'wanted:*'), [...wanted].sort());
      assert.deepEqual(await scanAll(port, 'wanted:*', 10_000), [...wanted].sort());
      assert.deepEqual(await scanAll(port, 'wanted:\\*'), []);
      assert.deepEqual(await scanAll(port, 'nothing'), []);
    },
  },
  {
    title: 'stops scanning when it is no longer listened to',
    async check({ port }) {
      await fill(
        port,
        Array.from({ length: 3_000 }, (_, index) => `key:${index}`),
      );
      await port.send('CONFIG', ['RESETSTAT']);
      for await (const batch of port.scan('key:*', 10)) if (batch.length > 0) break;
      const [, calls] = /cmdstat_scan:calls=(\d+)/.exec(String(await port.send('INFO', ['commandstats']))) ?? [];
      assert.ok(Number(calls) < 20, `asked ${calls} times`);
    },
  },
];

/** Writes each key with itself as the value. */
async function fill(port: RedisPort, keys: readonly string[]): Promise<void> {
  await port.send(
    'MSET',
    keys.flatMap((key) => [key, key]),
  );
}

function texts(values: readonly (Buffer | null)[]): (string | null)[] {
  return values.map((value) => (value === null ? null : value.toString()));
}

async function scanAll(port: RedisPort, pattern: string, batchSize?: number): Promise<string[]> {
  const keys = new Set<string>();
  for await (const batch of port.scan(pattern, batchSize)) for (const key of batch) keys.add(key);
  return [...keys].sort();
}
