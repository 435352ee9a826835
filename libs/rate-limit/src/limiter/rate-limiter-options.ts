import type { Clock, Duration, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { durationToMs, isDuration } from '@nest-strata/core';
import { InvalidPolicyError, type PolicyProblem } from '../policy/invalid-policy.error.js';
import type { LimitPolicy, WhenAway } from '../policy/limit-policy.js';
import type { PolicyResolver } from '../policy/policy-plans.js';
import type { LimitStore } from '../store/limit-store.port.js';
import type { AdvanceLeaseSettings } from './advance-leases.js';
import type { EscalationOptions } from './escalation.js';

/** What a `RateLimiter` keeps, and how. */
export interface RateLimiterOptions {
  /** What its keys begin with, after `strata:`; limiters that share it share their limits. */
  readonly namespace: string;
  /** The policies that requests name, or that apply to all that name none. */
  readonly policies?: readonly LimitPolicy[];
  /** Says which policies apply to a request that does not say it itself; see `policiesByPlan`. */
  readonly resolve?: PolicyResolver;
  /** What decides while Redis is away, for policies that do not say it themselves. Default `open`. */
  readonly whenAway?: WhenAway;
  /**
   * How much of its limit a `local` policy gives in this process while Redis is away, above 0 to 1; a 10th with ten
   * processes keeps the limit over all. Default 1.
   */
  readonly localShare?: number;
  /** How many subjects are kept in memory: locally while Redis is away, or without Redis. Default 100 000. */
  readonly maxLocalSubjects?: number;
  /** Answers those that are known to be denied from memory. */
  readonly blocked?: {
    /** Default 10 000; 0: none. */
    readonly maxSubjects?: number;
    /** After which time Redis is asked again, because others may have given something back. Default `'1s'`. */
    readonly trustFor?: Duration;
  };
  /**
   * Takes several at once for subjects that ask often, and gives them out without a trip to Redis. No limit is exceeded by
   * it, but in windows that slide: what was taken may be used up to `for` later. A process that dies leaves up to `size`
   * taken for each such subject, and a block or a `reset` by others is seen up to `for` late. Default: not.
   */
  readonly advance?: {
    /** How many at once, 2 to 1000. Default 10. */
    readonly size?: number;
    /** For how long they may be given out. Default `'1s'`. */
    readonly for?: Duration;
    /** Requests of a subject within a second, in this process, from which on it is done. Default 50; 0: always. */
    readonly hotPerSecond?: number;
  };
  /** Blocks subjects that are denied again and again. Default: none. */
  readonly escalation?: EscalationOptions;
  /** How many subjects `topOffenders` counts. Default 256. */
  readonly maxOffenders?: number;
}

/** What a `RateLimiter` stands on; without Redis it counts in the memory of this process. */
export interface RateLimiterParts {
  /** Yours to close. Give it a deadline and a breaker of its own: `createRedis({ url, deadline: '50ms' })`. */
  readonly redis?: RedisPort;
  /** Instead of `redis`: a store of your own. */
  readonly store?: LimitStore;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** {@link RateLimiterOptions} with all defaults, checked. */
export interface ResolvedLimiterOptions {
  readonly namespace: string;
  readonly policies: readonly LimitPolicy[];
  readonly resolve: PolicyResolver | undefined;
  readonly whenAway: WhenAway;
  readonly localShare: number;
  readonly maxLocalSubjects: number;
  readonly maxBlockedSubjects: number;
  readonly trustBlockedForMs: number;
  readonly advance: AdvanceLeaseSettings | undefined;
  readonly escalation: EscalationOptions | undefined;
  readonly maxOffenders: number;
}

const WAYS: readonly string[] = ['open', 'closed', 'local'] satisfies WhenAway[];
const MAX_SUBJECTS = 10_000_000;
const MAX_LEASE = 1_000;
const OPTIONS: readonly string[] = [
  'namespace',
  'policies',
  'resolve',
  'whenAway',
  'localShare',
  'maxLocalSubjects',
  'blocked',
  'advance',
  'escalation',
  'maxOffenders',
] satisfies (keyof RateLimiterOptions)[];

/**
 * Checks options and fills in the defaults; the policies are checked when they are compiled.
 *
 * @throws InvalidPolicyError with all that is wrong
 */
export function resolveLimiterOptions(options: RateLimiterOptions): ResolvedLimiterOptions {
  const problems: PolicyProblem[] = [];
  const expect = (isGood: boolean, path: string, given: unknown, advice: string): void => {
    if (!isGood)
      problems.push({ path, message: `is ${given === undefined ? 'missing' : JSON.stringify(given)}. ${advice}` });
  };
  const resolved: ResolvedLimiterOptions = Object.freeze({
    namespace: options.namespace,
    policies: options.policies ?? [],
    resolve: options.resolve,
    whenAway: options.whenAway ?? 'open',
    localShare: options.localShare ?? 1,
    maxLocalSubjects: options.maxLocalSubjects ?? 100_000,
    maxBlockedSubjects: options.blocked?.maxSubjects ?? 10_000,
    trustBlockedForMs: spanMs(options.blocked?.trustFor ?? '1s'),
    advance: options.advance && {
      size: options.advance.size ?? 10,
      forMs: spanMs(options.advance.for ?? '1s'),
      hotPerSecond: options.advance.hotPerSecond ?? 50,
    },
    escalation: options.escalation,
    maxOffenders: options.maxOffenders ?? 256,
  });
  for (const name of Object.keys(options)) {
    expect(OPTIONS.includes(name), name, 'no option', `The options are ${OPTIONS.join(', ')}`);
  }
  const { namespace, whenAway, localShare, trustBlockedForMs } = resolved;
  expect(typeof namespace === 'string' && namespace !== '', 'namespace', namespace, 'Give the name of the app');
  expect(WAYS.includes(whenAway), 'whenAway', whenAway, `Write 'open', 'closed' or 'local'`);
  expect(localShare > 0 && localShare <= 1, 'localShare', localShare, 'Give a share above 0 up to 1');
  expect(trustBlockedForMs >= 0, 'blocked.trustFor', options.blocked?.trustFor, `Give a duration, such as '1s'`);
  const { advance } = resolved;
  if (advance !== undefined) {
    const { size, forMs, hotPerSecond } = advance;
    expect(Number.isInteger(size) && size >= 2 && size <= MAX_LEASE, 'advance.size', size, 'Give 2 to 1000');
    expect(forMs > 0 && forMs < Infinity, 'advance.for', options.advance?.for, `Give a duration, such as '1s'`);
    expect(hotPerSecond >= 0, 'advance.hotPerSecond', hotPerSecond, 'Give a number of 0 or more');
  }
  const counts = [
    ['maxLocalSubjects', resolved.maxLocalSubjects, 1],
    ['blocked.maxSubjects', resolved.maxBlockedSubjects, 0],
    ['maxOffenders', resolved.maxOffenders, 1],
  ] as const;
  for (const [path, count, min] of counts) {
    const isGood = Number.isInteger(count) && count >= min && count <= MAX_SUBJECTS;
    expect(isGood, path, count, `Give a whole number from ${min} to ${MAX_SUBJECTS}`);
  }
  if (problems.length > 0) throw new InvalidPolicyError('limiter', problems);
  return resolved;
}

function spanMs(given: Duration): number {
  return isDuration(given) ? durationToMs(given) : -1;
}
