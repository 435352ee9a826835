import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import { FaultProxy, RedisServer } from '@nest-strata/testing';
import { cacheOptions } from './fixtures.js';

const EVERY_MS = 5;
const FAULT_MS = 3_000;
const RECOVERY_MS = 5_000;
const SLOW_MS = 5;
const KEY_COUNT = 50;

interface Stage {
  readonly server: RedisServer;
  readonly proxy: FaultProxy;
}

interface Fault {
  readonly name: string;
  readonly begin: (stage: Stage) => unknown;
  readonly end: (stage: Stage) => unknown;
}

const FAULTS: readonly Fault[] = [
  { name: 'none', begin: () => undefined, end: () => undefined },
  { name: 'kill -9', begin: ({ server }) => server.kill(), end: ({ server }) => server.restart() },
  { name: 'SIGSTOP', begin: ({ server }) => server.pause(), end: ({ server }) => server.resume() },
  { name: 'blackhole', begin: ({ proxy }) => proxy.blackhole(), end: ({ proxy }) => proxy.heal() },
  { name: '+150 ms', begin: ({ proxy }) => proxy.delay(150), end: ({ proxy }) => proxy.heal() },
  { name: '+600 ms', begin: ({ proxy }) => proxy.delay(600), end: ({ proxy }) => proxy.heal() },
];

/** What a fault of Redis costs the calls of an application: a read every 5 ms, without memory, through a loader of its own. */
export async function faultCosts(): Promise<void> {
  console.log('\n### getOrSet every 5 ms while Redis fails for 3 s, deadline 50 ms, no memory tier\n');
  console.log('| fault | calls | worst added wait | slowed (> 5 ms) | errors | from Redis again after |');
  console.log('|---|---|---|---|---|---|');
  for (const fault of FAULTS) console.log(await rowOf(fault));
}

async function rowOf({ name, begin, end }: Fault): Promise<string> {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server);
  const redis = createRedis({ url: proxy.urlOf(server.url) });
  await redis.connect();
  const cache = CacheEngine.create(cacheOptions({ maxEntries: 0, maxBytes: 0, values: 'shared' }), { redis });
  for (let key = 0; key < KEY_COUNT; key++) await cache.set(`key-${String(key)}`, key);
  const waitsMs: number[] = [];
  let errors = 0;
  let loads = 0;
  const read = async (call: number): Promise<boolean> => {
    const startedAtMs = performance.now();
    const before = loads;
    try {
      await cache.getOrSet(`key-${String(call % KEY_COUNT)}`, () => {
        loads++;
        return call % KEY_COUNT;
      });
    } catch {
      errors++;
    }
    waitsMs.push(performance.now() - startedAtMs);
    return loads === before;
  };
  const pending: Promise<unknown>[] = [];
  let call = 0;
  await begin({ server, proxy });
  const untilMs = performance.now() + FAULT_MS;
  while (performance.now() < untilMs) {
    pending.push(read(call++));
    await wait(EVERY_MS);
  }
  await Promise.all(pending);
  await end({ server, proxy });
  const endedAtMs = performance.now();
  let recoveredMs: number | undefined;
  while (recoveredMs === undefined && performance.now() - endedAtMs < RECOVERY_MS) {
    const isHit = await cache.get('key-0').then((value) => value !== undefined);
    if (isHit || (redis.state === 'ready' && (await read(call++)))) recoveredMs = performance.now() - endedAtMs;
    else await wait(EVERY_MS);
  }
  await cache.close(100);
  await redis.close();
  const slow = waitsMs.filter((ms) => ms > SLOW_MS).length;
  const cells = [
    name,
    String(waitsMs.length),
    `${Math.max(...waitsMs).toFixed(1)} ms`,
    `${((100 * slow) / waitsMs.length).toFixed(1)} %`,
    String(errors),
    recoveredMs === undefined ? '–' : `${recoveredMs.toFixed(0)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}
