import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import { createRedis, RedisPort } from '@nest-strata/redis';
import type {
  KeyWatch,
  KeyWatchListener,
  KeyWatchOptions,
  RedisArgument,
  RedisScript,
  RedisStateListener,
} from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { engineOptions, NO_MEMORY } from './engine-options.js';

/** A real port that lets a test act between two steps of a call. */
class SteppedPort extends RedisPort {
  /** Called when the replies of a read are there, before who asked gets them. */
  onReplies: () => Promise<void> = () => Promise.resolve();
  /** Called before a script is sent. */
  onScript: (name: string) => Promise<void> = () => Promise.resolve();

  constructor(private readonly port: RedisPort) {
    super();
  }

  override get state() {
    return this.port.state;
  }

  override get reason() {
    return this.port.reason;
  }

  override async read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    const replies = await this.port.read(keys);
    await this.onReplies();
    return replies;
  }

  override send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    return this.port.send(command, args);
  }

  override async run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply> {
    await this.onScript(script.name);
    return this.port.run(script, keys, args);
  }

  override scan(pattern: string, batchSize?: number): AsyncIterable<string[]> {
    return this.port.scan(pattern, batchSize);
  }

  override watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    return this.port.watch(options, listener);
  }

  override connect(timeoutMs?: number): Promise<void> {
    return this.port.connect(timeoutMs);
  }

  override onStateChange(listener: RedisStateListener): () => void {
    return this.port.onStateChange(listener);
  }

  override close(): Promise<void> {
    return this.port.close();
  }
}

let server: RedisServer;
let redis: RedisPort;
let stepped: SteppedPort;
let here: CacheEngine;
let there: CacheEngine;
let namespaces = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '2s' });
  await redis.connect();
});

afterAll(async () => {
  await redis.close();
  await server.stop();
});

beforeEach(async () => {
  const namespace = [`test-${String(namespaces++)}`];
  stepped = new SteppedPort(redis);
  here = CacheEngine.create(engineOptions({ namespace, memoryTtlMs: 1_000 }), { redis: stepped });
  there = CacheEngine.create(engineOptions({ namespace, memory: NO_MEMORY }), { redis });
  await there.set('a', 'old', { tags: ['t'] });
});

/** Acts once. */
function once(act: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await act();
  };
}

describe('a reply that is on its way while this process', () => {
  it.each<[string, () => Promise<unknown>, before: unknown, after: unknown]>([
    ['deletes the key', () => here.delete('a'), 'old', undefined],
    ['sets the key', () => here.set('a', 'new'), 'old', 'new'],
    ['invalidates its tag', () => here.deleteByTag('t'), undefined, undefined],
    ['deletes by pattern', () => here.deleteByPattern('*'), 'old', undefined],
    ['clears the cache', () => here.clear(), undefined, undefined],
  ])('%s is given at most to who asked before, and not kept', async (_, change, before, after) => {
    stepped.onReplies = once(change);
    // The versions of a tagged entry are read after it, so an invalidation is seen even by who asked before.
    expect(await here.get('a')).toBe(before);
    expect(await here.get('a')).toBe(after);
    stepped.onReplies = once(change);
    expect(await here.getMany(['a'])).toEqual([after]);
    expect(await here.get('a')).toBe(after);
  });
});

describe('a write of another process between the two steps of', () => {
  it.each<[string, string, () => Promise<unknown>, unknown]>([
    ['touch', 'replace-header', () => here.touch('a', '2h'), false],
    ['expire', 'replace-header', () => here.expire('a'), { confirmed: true, count: 0 }],
  ])('%s stands', async (_, script, call, expected) => {
    const write = once(() => there.set('a', 'new'));
    stepped.onScript = async (name) => {
      if (name === script) await write();
    };
    expect(await call()).toEqual(expected);
    expect(await there.get('a')).toBe('new');
    expect(await there.ttl('a')).toBeLessThanOrEqual(3_600_005);
  });

  it('setIfAbsent stands', async () => {
    await there.deleteByTag('t');
    const write = once(() => there.set('a', 'new'));
    stepped.onScript = async (name) => {
      if (name === 'store-if-unchanged') await write();
    };
    expect(await here.setIfAbsent('a', 'mine')).toEqual({ stored: false, reason: 'already-present' });
    expect(await there.get('a')).toBe('new');
  });
});
