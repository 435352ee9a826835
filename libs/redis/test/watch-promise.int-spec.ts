import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import type { KeyWatchMode, RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';

const FAULTS_FOR_MS = 2_500;
const MAX_QUIET_MS = 60;

interface Write {
  readonly key: string;
  readonly sentMs: number;
  readonly doneMs: number;
}

/**
 * Writes down what was heard, and holds the watch to its promise: what was written after it was armed, and done before
 * the moment up to which it says that all was heard, was heard.
 */
class Witness {
  readonly heard = new Set<string>();
  readonly missed: Write[] = [];
  armedMs = Infinity;
  arms = 0;
  kept = 0;
  #open: Write[] = [];

  readonly watch;

  constructor(redis: RedisPort, mode: KeyWatchMode) {
    this.watch = redis.watch(
      { mode, channel: 'changes', heartbeatMs: 20 },
      {
        changed: (keys) => keys.forEach((key) => void this.heard.add(key)),
        armed: () => {
          this.armedMs = performance.now();
          this.arms++;
        },
        lost: () => {
          this.armedMs = Infinity;
          this.#open = [];
        },
      },
    );
    this.watch.follow(['a:']);
  }

  wrote(write: Write): void {
    if (write.sentMs > this.armedMs) this.#open.push(write);
    this.check();
  }

  check(): void {
    const { heardUpToMs } = this.watch;
    const due = this.#open.filter(({ doneMs }) => doneMs < heardUpToMs);
    this.#open = this.#open.filter((write) => !due.includes(write));
    this.kept += due.length;
    this.missed.push(...due.filter(({ key }) => !this.heard.has(key)));
  }
}

describe.each(IOREDIS_VERSIONS)('the promise of a watch over %s', (_name, Client) => {
  afterEach(closeAll);

  it.each(['tracking', 'tracking-reads'] as const)('is kept whatever breaks, by %s', async (mode) => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server);
    const options = { connections: 3, deadline: '200ms', socketTimeout: '200ms' } as const;
    const redis = openRedis(Client, { url: proxy.urlOf(server.url), ...options });
    const other = openRedis(Client, { url: server.url, deadline: '5s' });
    const witness = new Witness(redis, mode);
    await eventually(() => witness.arms > 0);

    const endMs = performance.now() + FAULTS_FOR_MS;
    const write = async (): Promise<void> => {
      for (let index = 0; performance.now() < endMs; index++) {
        const key = `a:${index}`;
        const sentMs = performance.now();
        const wasRead = await redis.read([key]).then(
          () => true,
          () => false,
        );
        await other.send('SET', [key, '1']);
        if (wasRead || mode === 'tracking') witness.wrote({ key, sentMs, doneMs: performance.now() });
      }
    };
    const harm = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await sleep(Math.random() * MAX_QUIET_MS);
        const chosen = proxy.connections[Math.floor(Math.random() * proxy.connections.length)]?.id;
        const faults = proxy.where(({ id }) => id === chosen);
        const kind = Math.floor(Math.random() * 5);
        if (kind === 0) faults.resetConnections();
        else if (kind === 1) await other.send('CLIENT', ['KILL', 'TYPE', 'normal']);
        else if (kind === 2) await other.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
        else if (kind === 3) faults.delay(Math.random() * 50);
        else faults.hold();
        if (kind === 4) setTimeout(() => proxy.heal(), Math.random() * MAX_QUIET_MS);
      }
    };
    await Promise.all([write(), harm()]);
    proxy.heal();
    witness.check();
    expect(witness.missed).toEqual([]);
    expect(witness.kept).toBeGreaterThan(50);
    expect(witness.arms).toBeGreaterThan(5);
    await eventually(() => witness.watch.heardUpToMs > performance.now() - 100);
  });
});
