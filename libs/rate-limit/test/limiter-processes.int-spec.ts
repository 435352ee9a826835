import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { Fleet, RedisServer, type CallsOf } from '@nest-strata/testing';
import type worker from './fixtures/limiter.worker.js';

const SOURCES = [
  '--conditions=@nest-strata/source',
  '--import',
  fileURLToPath(new URL('../../../tools/dev.mjs', import.meta.url)),
];
const PROCESSES = 8;
const HOUR_MS = 3_600_000;

let server: RedisServer;
let redis: RedisPort;
let fleet: Fleet<CallsOf<typeof worker>>;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '5s' });
  fleet = await Fleet.start<CallsOf<typeof worker>>(new URL('./fixtures/limiter.worker.ts', import.meta.url), {
    size: PROCESSES,
    execArgv: SOURCES,
    dataOf: () => ({ url: server.url }),
    // No two clocks agree, and some are a day away.
    wallClockOffsetMsOf: (index) => (index - PROCESSES / 2) * 13 * HOUR_MS,
  });
}, 60_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await redis.close();
  await server.stop();
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

describe('processes whose clocks disagree', () => {
  it('admit together exactly what the limit allows', async () => {
    const admitted = [];
    for (let round = 0; round < 4; round++) admitted.push(sum(await fleet.all('consume', 25)));
    await fleet.all('close');
    // What was taken in advance and not given out was given back.
    const left = sum(await fleet.all('consume', 1));
    expect(sum(admitted) + left).toBe(40);
  });

  it('count one quota, in the period that Redis says, and tell each threshold once', async () => {
    const outcomes = await fleet.all('takeQuota', 20);
    expect(sum(outcomes.map(({ admitted }) => admitted))).toBe(60);
    expect(outcomes.flatMap(({ thresholds }) => thresholds).sort((one, other) => one - other)).toEqual([80, 90, 100]);
    expect(new Set(outcomes.map(({ day }) => day)).size).toBe(1);
    const day = outcomes[0]?.day ?? '';
    expect(String(await redis.send('GET', [`strata:fleet:q:user%3A42:calls:${day}`]))).toBe('60');
  });
});
