import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import type { LimitAnswer, LimitStore } from '../src/store/limit-store.port.js';
import { LimitStores } from './support/limit-stores.js';
import { KEEPERS, randomTrace } from './support/random-trace.js';
import type { TraceStep } from './support/random-trace.js';

describe('the store in memory and the store in Redis', () => {
  let stores: LimitStores;

  beforeAll(async () => {
    stores = await LimitStores.start();
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  it.each([1, 2, 3, 4, 5, 6])('give the same answers to 600 random requests of seed %i', async (seed) => {
    const [memory, redis] = [stores.inMemory(), stores.inRedis()];
    await Promise.all([memory.take(KEEPERS), redis.take(KEEPERS)]);
    const answers: (LimitAnswer | undefined)[] = [];
    for (const [index, step] of randomTrace(new SeededRandom(seed), 600).entries()) {
      stores.clock.nowUs += step.forwardUs;
      const inMemory = await perform(memory, step, answers);
      const inRedis = await perform(redis, step, answers);
      answers.push(inMemory);
      expect({ index, step, answer: inRedis }).toEqual({ index, step, answer: inMemory });
    }
    expect(answers.filter((answer) => answer?.isAllowed).length).toBeGreaterThan(100);
    expect(answers.filter((answer) => answer?.isAllowed === false).length).toBeGreaterThan(30);
  });
});

/** Every other refund is for the moment of an earlier answer. */
async function perform(
  store: LimitStore,
  { operation, claims }: TraceStep,
  answers: readonly (LimitAnswer | undefined)[],
): Promise<LimitAnswer | undefined> {
  if (operation !== 'giveBack') return store[operation](claims);
  const earlier = answers.at(-1 - (claims.length % 3));
  const takenForUs = earlier && earlier.nowUs + (earlier.verdicts[0]?.waitUs ?? 0);
  await store.giveBack(claims.map((claim) => (takenForUs === undefined ? claim : { ...claim, takenForUs })));
  return undefined;
}
