/**
 * `npm run bench`: what the cache costs beside the bare minimum, in one run.
 *
 * `npm run bench -- get-many set` runs only those scenarios.
 */
import { coherenceCost } from './coherence-cost.scenario.js';
import { coherenceLatency } from './coherence-latency.scenario.js';
import { coherenceScale } from './coherence-scale.scenario.js';
import { faultCosts } from './faults.scenario.js';
import { limitsAccuracy } from './limits-accuracy.scenario.js';
import { memoryHits } from './memory.scenario.js';
import { outboxSaves } from './outbox.scenario.js';
import { redisBatches, redisHits, redisSets } from './redis.scenario.js';

const CALLERS = 64;

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = {
  memory: memoryHits,
  get: () => redisHits(CALLERS),
  'get-alone': () => redisHits(1),
  'get-many': redisBatches,
  set: () => redisSets(CALLERS),
  'coherence-cost': coherenceCost,
  'coherence-latency': coherenceLatency,
  'coherence-scale': coherenceScale,
  faults: faultCosts,
  outbox: () => outboxSaves(10),
  'outbox-alone': () => outboxSaves(1),
  'limits-accuracy': limitsAccuracy,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(SCENARIOS) : wanted) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    throw new Error(`There is no scenario "${name}"; there are ${Object.keys(SCENARIOS).join(', ')}.`);
  }
  await scenario();
}
