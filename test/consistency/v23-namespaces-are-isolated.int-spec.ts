import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { CacheEngine, DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import fc from 'fast-check';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const OPERATIONS = 4_000 * SCALE;
const tricky = fc.string({
  unit: fc.constantFrom('a', 'b', ':', '.', '{', '}', '%', '*', '?', '[', ']', '\\', 'v', 't'),
  minLength: 1,
  maxLength: 4,
});

let server: RedisServer;
let ports: RedisPort[];

beforeAll(async () => {
  server = await RedisServer.start();
  ports = [0, 1].map(() => createRedis({ url: server.url, deadline: '2s' }));
});

afterAll(async () => {
  await Promise.all(ports.map((port) => port.close()));
  await server.stop();
});

describe('V23: tenants that share a Redis', () => {
  it(
    'never read, invalidate or clear what is another’s, whatever they are called',
    async () => {
      const names = [...new Set(fc.sample(tricky, { numRuns: 12, seed: 1 }))];
      const paths = [...names.map((name) => [name]), ...names.slice(1).map((name, at) => [names[at] as string, name])];
      const engines = paths.map(([root = '', child], at) => {
        const engine = CacheEngine.create(
          { ...DEFAULT_CACHE_OPTIONS, namespace: [root], codec: new JsonCodec() },
          { redis: ports[at % 2] as RedisPort },
        );
        return child === undefined ? engine : engine.namespace(child);
      });
      const model = engines.map(() => new Map<string, string>());
      const keys = [...new Set(fc.sample(tricky, { numRuns: 30, seed: 2 }))];
      const steps = fc.sample(
        fc.record({
          who: fc.nat(engines.length - 1),
          key: fc.constantFrom(...keys),
          what: fc.constantFrom('set', 'get', 'get', 'delete', 'tag', 'clear'),
        }),
        { numRuns: OPERATIONS, seed: 3 },
      );
      const failures: string[] = [];
      for (const { who, key, what } of steps) {
        const engine = engines[who] as CacheEngine;
        const own = model[who] as Map<string, string>;
        const value = `${engine.name} ${key}`;
        if (what === 'set') {
          await engine.set(key, value, { tags: [key] });
          own.set(key, value);
        } else if (what === 'delete') {
          await engine.delete(key);
          own.delete(key);
        } else if (what === 'tag') {
          await engine.deleteByTag(key);
          own.delete(key);
        } else if (what === 'clear') {
          await engine.clear();
          own.clear();
        } else {
          const found = await engine.get(key);
          if (found !== own.get(key))
            failures.push(`${engine.name} has ${String(found)} under ${key}, not ${String(own.get(key))}`);
        }
      }
      await expectKept('V23 namespaces are isolated', 0, verdictOf(OPERATIONS, failures));
    },
    60_000 * SCALE,
  );
});
