import { setTimeout as pause } from 'node:timers/promises';
import type { RedisServer } from '@nest-strata/testing';
import type { HttpClient } from './http-client.js';
import { putUnderLoad } from './load.js';
import { loadHead, loadRow } from './table.js';

const PHASE_MS = 2_000;

/** Scenario 4: Redis is killed while the clients go on asking, and comes back empty. False when a request failed. */
export async function redisOutage(http: HttpClient, redis: RedisServer, clients: number): Promise<boolean> {
  const load = putUnderLoad(http, { clients, forMs: 3 * PHASE_MS });
  await pause(PHASE_MS);
  await redis.kill();
  await pause(PHASE_MS);
  await redis.restart();
  const samples = await load;

  console.log(`\n${loadHead('4: Redis dies under load and comes back')}`);
  for (const [phase, label] of ['Redis there', 'Redis killed', 'Redis back, empty'].entries()) {
    const inPhase = samples.filter(({ beganMs }) => Math.floor(beganMs / PHASE_MS) === phase);
    console.log(loadRow(label, inPhase, PHASE_MS));
  }
  return samples.every(({ isError }) => !isError);
}
