import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { MAX_AMOUNT, MAX_SPAN_US } from '../algorithms/stored-number.js';
import { MAX_BUCKET_COUNT } from '../algorithms/sliding-window.js';
import { InvalidPolicyError } from '../policy/invalid-policy.error.js';
import type { PolicyProblem } from '../policy/invalid-policy.error.js';
import type { LimitPolicy } from '../policy/limit-policy.js';
import type { LimitRate, LimitRule } from './limit-rule.js';

const MAX_LOGGED = 10_000;
const MAX_LEASES = 10_000;
const MAX_BUCKETS = 10;
const SPAN_DAYS = Math.floor(MAX_SPAN_US / 86_400_000_000);

/**
 * The rule that a policy declares, in the whole numbers of the algorithms. What all policies have, `checkPolicy` checks.
 *
 * @throws InvalidPolicyError listing everything that is wrong with the policy
 */
export function resolveRule(policy: LimitPolicy): LimitRule {
  const check = new PolicyCheck();
  const rule = ruleOf(policy, check);
  if (check.problems.length > 0) throw new InvalidPolicyError(policy.name, check.problems);
  return Object.freeze(rule);
}

function ruleOf(policy: LimitPolicy, check: PolicyCheck): LimitRule {
  switch (policy.algorithm) {
    case 'fixed-window':
      check.oneOf('anchor', policy.anchor, ['clock', 'subject']);
      return {
        kind: policy.algorithm,
        limit: check.amount('limit', policy.limit),
        windowUs: check.span('window', policy.window),
        isAnchoredBySubject: policy.anchor === 'subject',
      };
    case 'sliding-window': {
      const bucketCount = check.amount('buckets', policy.buckets ?? MAX_BUCKETS, MAX_BUCKETS);
      return {
        kind: policy.algorithm,
        limit: check.amount('limit', policy.limit, MAX_BUCKET_COUNT),
        bucketUs: Math.ceil(check.span('window', policy.window) / bucketCount),
        bucketCount,
        isStrict: policy.strict ?? false,
      };
    }
    case 'sliding-log':
      return {
        kind: policy.algorithm,
        limit: check.amount('limit', policy.limit, MAX_LOGGED),
        windowUs: check.span('window', policy.window),
      };
    case 'token-bucket': {
      check.oneOf('mannerOfRefill', policy.mannerOfRefill, ['greedy', 'interval']);
      const capacity = check.amount('capacity', policy.capacity);
      const refill = check.amount('refill', policy.refill);
      const everyUs = check.span('every', policy.every);
      const rate = rateOf(refill, everyUs);
      check.debt('capacity', capacity, rate);
      return {
        kind: policy.algorithm,
        capacity,
        refill,
        everyUs,
        rate,
        isGreedy: policy.mannerOfRefill !== 'interval',
      };
    }
    case 'leaky-bucket': {
      const limit = check.amount('limit', policy.limit);
      const windowUs = check.span('window', policy.window);
      const burst = check.amount('burst', policy.burst ?? policy.limit);
      const rate = rateOf(limit, windowUs);
      check.debt('burst', burst, rate);
      return { kind: policy.algorithm, limit, windowUs, burst, rate };
    }
    case 'leaky-queue': {
      const limit = check.amount('limit', policy.limit);
      const windowUs = check.span('window', policy.window);
      const maxWaitUs = check.span('maxWait', policy.maxWait, 0);
      const rate = rateOf(limit, windowUs);
      check.debt('limit', limit, rate);
      check.debt('maxWait', Math.ceil((maxWaitUs * rate.count) / rate.perUs), rate);
      if (limit > windowUs)
        check.report('limit', `${limit} are more than one per µs. Write fewer, or a longer window.`);
      return { kind: policy.algorithm, limit, windowUs, maxWaitUs, rate };
    }
    case 'concurrency':
      return {
        kind: policy.algorithm,
        limit: check.amount('limit', policy.limit, MAX_LEASES),
        leaseUs: check.span('lease', policy.lease ?? '60s'),
      };
    default:
      throw new InvalidPolicyError((policy as LimitPolicy).name, [
        {
          path: 'algorithm',
          message:
            `${show((policy as LimitPolicy).algorithm)} is no algorithm. Write 'fixed-window', 'sliding-window', ` +
            `'sliding-log', 'token-bucket', 'leaky-bucket', 'leaky-queue' or 'concurrency'.`,
        },
      ]);
  }
}

/** Collects what is wrong, and goes on with a number that does no harm. */
class PolicyCheck {
  readonly problems: PolicyProblem[] = [];

  report(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  amount(path: string, given: unknown, most: number = MAX_AMOUNT): number {
    if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= most) return given;
    this.report(path, `${show(given)} is not possible. Write a whole number from 1 to ${most}.`);
    return 1;
  }

  span(path: string, given: Duration, leastUs = 1): number {
    let us;
    try {
      us = durationToMs(given) * 1_000;
    } catch (error) {
      this.report(path, (error as Error).message);
      return 1;
    }
    const wholeUs = Math.round(us);
    // '1.1ms' is 1100.0000000000002 µs.
    const isWhole = Math.abs(us - wholeUs) < 1e-6 * Math.max(1, us);
    if (isWhole && wholeUs >= leastUs && wholeUs <= MAX_SPAN_US) return wholeUs;
    this.report(path, `${show(given)} is not possible. Write whole microseconds, '0.001ms' to '${SPAN_DAYS}d'.`);
    return 1;
  }

  /** Whether the time in which `tokens` are paid can be counted exactly. */
  debt(path: string, tokens: number, { count, perUs }: LimitRate): void {
    if (tokens * perUs > MAX_AMOUNT) {
      this.report(
        path,
        `${tokens} at this rate are too many to count exactly. Write fewer, or a rate in rounder numbers.`,
      );
    } else if ((tokens * perUs) / count > MAX_SPAN_US) {
      this.report(path, `${tokens} at this rate take longer than ${SPAN_DAYS} days. Write fewer, or a higher rate.`);
    }
  }

  oneOf(path: string, given: unknown, known: readonly string[]): void {
    if (given === undefined || known.includes(given as string)) return;
    this.report(path, `${show(given)} is not known. Write ${known.map((word) => `'${word}'`).join(' or ')}.`);
  }
}

function rateOf(count: number, perUs: number): LimitRate {
  const divisor = greatestCommonDivisor(count, perUs);
  return { count: count / divisor, perUs: perUs / divisor };
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

function show(given: unknown): string {
  return typeof given === 'string' ? JSON.stringify(given) : String(given);
}
