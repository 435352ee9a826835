import type { SeededRandom } from '@nest-strata/testing';
import { resolveRule } from '../../src/rule/resolve-rule.js';
import type { LimitRule } from '../../src/rule/limit-rule.js';
import type { LimitClaim } from '../../src/store/limit-store.port.js';

/** One step of a trace: the clock moves, then something is asked. */
export interface TraceStep {
  readonly forwardUs: number;
  readonly operation: 'take' | 'penalize' | 'giveBack';
  readonly claims: readonly LimitClaim[];
}

/** The rules of a policy before and after a live change. */
type Versions = readonly [before: LimitRule, after: LimitRule];

const SUBJECTS = ['user:1', 'user:2', 'a tenant}: {%'];

/** Every algorithm, in small numbers so that limits are met often, each with another rule that it may change to. */
const POLICIES: Readonly<Record<string, Versions>> = {
  fixed: [
    resolveRule({ name: 'p', algorithm: 'fixed-window', limit: 7, window: '1s' }),
    resolveRule({ name: 'p', algorithm: 'fixed-window', limit: 4, window: '3s', anchor: 'subject' }),
  ],
  sliding: [
    resolveRule({ name: 'p', algorithm: 'sliding-window', limit: 9, window: '1s', buckets: 3 }),
    resolveRule({ name: 'p', algorithm: 'sliding-window', limit: 300, window: '7s' }),
  ],
  strict: [
    resolveRule({ name: 'p', algorithm: 'sliding-window', limit: 9, window: '900ms', buckets: 4, strict: true }),
    resolveRule({ name: 'p', algorithm: 'sliding-window', limit: 5, window: '0.7ms', buckets: 1 }),
  ],
  log: [
    resolveRule({ name: 'p', algorithm: 'sliding-log', limit: 8, window: '1s' }),
    resolveRule({ name: 'p', algorithm: 'sliding-log', limit: 5, window: '2s' }),
  ],
  token: [
    resolveRule({ name: 'p', algorithm: 'token-bucket', capacity: 8, refill: 3, every: '1s' }),
    resolveRule({ name: 'p', algorithm: 'token-bucket', capacity: 12, refill: 7, every: '1.7ms' }),
  ],
  interval: [
    resolveRule({
      name: 'p',
      algorithm: 'token-bucket',
      capacity: 8,
      refill: 3,
      every: '1s',
      mannerOfRefill: 'interval',
    }),
    resolveRule({
      name: 'p',
      algorithm: 'token-bucket',
      capacity: 3,
      refill: 3,
      every: '2s',
      mannerOfRefill: 'interval',
    }),
  ],
  gcra: [
    resolveRule({ name: 'p', algorithm: 'leaky-bucket', limit: 10, window: '1s' }),
    resolveRule({ name: 'p', algorithm: 'leaky-bucket', limit: 7, window: '3s', burst: 2 }),
  ],
  queue: [
    resolveRule({ name: 'p', algorithm: 'leaky-queue', limit: 7, window: '1s', maxWait: '600ms' }),
    resolveRule({ name: 'p', algorithm: 'leaky-queue', limit: 10, window: '1s', maxWait: '0ms' }),
  ],
  places: [
    resolveRule({ name: 'p', algorithm: 'concurrency', limit: 3, lease: '1s' }),
    resolveRule({ name: 'p', algorithm: 'concurrency', limit: 2, lease: '400ms' }),
  ],
  changing: [
    resolveRule({ name: 'p', algorithm: 'sliding-log', limit: 8, window: '1s' }),
    resolveRule({ name: 'p', algorithm: 'fixed-window', limit: 6, window: '1s' }),
  ],
};

/**
 * Keeps every subject of a trace for its whole length: else what has passed under one rule is gone or not, as memory was
 * swept, when another rule that looks back further takes over.
 */
export const KEEPERS: readonly LimitClaim[] = SUBJECTS.map((subject) => ({
  subject,
  policy: 'keeper',
  rule: resolveRule({ name: 'keeper', algorithm: 'sliding-window', limit: 1, window: '300d' }),
  cost: 1,
  isShadow: false,
}));

const OPERATIONS = ['take', 'take', 'take', 'take', 'take', 'take', 'penalize', 'giveBack'] as const;

/** Takes, refunds and penalties over several policies and subjects, with live changes and a clock that may step back. */
export function randomTrace(random: SeededRandom, steps: number): TraceStep[] {
  const below = (limit: number): number => Math.floor(random.fraction() * limit);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  let version = 0;
  return Array.from({ length: steps }, () => {
    if (random.fraction() < 0.03) version = 1 - version;
    const forwardUs = stepUs(random);
    const claims = new Map<string, LimitClaim>();
    for (let count = 1 + below(4); count > 0; count--) {
      const [policy, versions] = pick(Object.entries(POLICIES));
      const subject = pick(SUBJECTS);
      claims.set(`${policy} ${subject}`, {
        subject,
        policy,
        rule: versions[version] as LimitRule,
        cost: below(random.fraction() < 0.1 ? 12 : 3),
        isShadow: random.fraction() < 0.2,
        lease: `lease ${below(5)}`,
      });
    }
    return { forwardUs, operation: pick(OPERATIONS), claims: [...claims.values()] };
  });
}

function stepUs(random: SeededRandom): number {
  const kind = random.fraction();
  if (kind < 0.3) return 0;
  if (kind < 0.35) return -Math.floor(random.fraction() * 500_000);
  if (kind < 0.4) return Math.floor(random.fraction() * 5_000_000);
  if (kind < 0.6) return Math.floor(random.fraction() * 1_000);
  return Math.floor(random.fraction() * 200_000);
}
