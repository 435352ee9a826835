import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { CacheFleet } from './support/cache-fleet.js';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

/** In all; ten times as many in the soak. */
const OPERATIONS = 60_000 * SCALE;
const MAX_ENTRIES = 500;
const MAX_BYTES = 200_000;
const TTL_MS = 2_000;
const HEAP_GROWTH_BYTES = 24 * 1024 * 1024;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 2, execArgv: ['--expose-gc'] });
});

afterAll(() => fleet.stop());

describe('V19: after many random operations', () => {
  it(
    'memory is within its bounds, nothing has leaked, and Redis forgets',
    async () => {
      await fleet.open('bounded', {
        redis: { deadline: '2s' },
        engine: {
          memory: { maxEntries: MAX_ENTRIES, maxBytes: MAX_BYTES, values: 'frozen' },
          ttlMs: TTL_MS,
          graceMs: 500,
          refreshAhead: 0.8,
        },
      });
      const play = async (actionCount: number, seed: number): Promise<void> => {
        await Promise.all(
          fleet.workers.map((worker, index) =>
            worker.call(
              'playRandom',
              'bounded',
              {
                seed: seed + index,
                actionCount,
                keyCount: 3_000,
                keyPrefix: 'k',
                changeShare: 0.05,
                ways: ['delete', 'tag', 'clear'],
              },
              { concurrency: 32 },
            ),
          ),
        );
        await fleet.takeHistory();
      };
      await play(5_000, 1);
      const before = await fleet.all('resources');
      await play(OPERATIONS / fleet.workers.length, 100);
      const failures: string[] = [];
      for (const [index, worker] of fleet.workers.entries()) {
        const { memoryUse, pendingEvicts } = await worker.call('report', 'bounded');
        const { active, heapUsedBytes } = await worker.call('resources');
        const then = before[index];
        if (memoryUse.entryCount > MAX_ENTRIES)
          failures.push(`${worker.name} holds ${String(memoryUse.entryCount)} entries`);
        if (memoryUse.byteCount > MAX_BYTES) failures.push(`${worker.name} holds ${String(memoryUse.byteCount)} bytes`);
        if (pendingEvicts.count > 0) failures.push(`${worker.name} has ${String(pendingEvicts.count)} pending evicts`);
        const timers = (kinds: readonly string[]): number => kinds.filter((kind) => kind === 'Timeout').length;
        const moreTimers = timers(active) - timers(then?.active ?? []);
        if (moreTimers > 5) failures.push(`${worker.name} has ${String(moreTimers)} timers more`);
        const grown = heapUsedBytes - (then?.heapUsedBytes ?? 0);
        if (grown > HEAP_GROWTH_BYTES) failures.push(`the heap of ${worker.name} has grown by ${String(grown)} bytes`);
      }
      await sleep(TTL_MS + 1_000);
      const left = Number(await fleet.tellRedis('EVAL', "return #redis.call('KEYS', 'strata:bounded:[vl]:*')", '0'));
      if (left > 0) failures.push(`${String(left)} values and leases are left in Redis`);
      await expectKept('V19 resources stay bounded', 0, verdictOf(OPERATIONS, failures));
    },
    120_000 * SCALE,
  );
});
