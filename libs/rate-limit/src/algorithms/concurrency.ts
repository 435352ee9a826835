import type { ConcurrencyRule } from '../rule/limit-rule.js';
import { concurrencyLua } from './concurrency.lua.js';
import type { LimitAlgorithm, LimitQuestion } from './limit-algorithm.js';

/** When each lease ends by itself, in µs. */
type LeaseEnds = ReadonlyMap<string, number>;

/** What a verdict needs of the leases. */
interface PlacesStanding {
  readonly live: number;
  /** Whether the lease that asks has a place already, which it keeps. */
  readonly isHeld: boolean;
  readonly lastEndUs: number;
  /** The end that has to come before there is a place; 0: none. */
  readonly blockingUs: number;
}

type Question = LimitQuestion<ConcurrencyRule>;

/** Counts leases that have not ended. A lease takes one place, whatever the cost, and to take it again renews it. */
export const concurrency: LimitAlgorithm<ConcurrencyRule, LeaseEnds, PlacesStanding> = {
  mark: 'c',
  lua: concurrencyLua,
  hasOwnKey: true,

  parameters: ({ leaseUs, limit }) => [leaseUs, limit],

  settle: ({ nowUs }, kept) => new Map([...(kept ?? [])].filter(([, endUs]) => endUs > nowUs)),

  take({ rule, nowUs, lease }, kept) {
    return lease === undefined ? kept : new Map(kept).set(lease, nowUs + rule.leaseUs);
  },

  giveBack: (question, kept) => new Map([...kept].filter(([lease]) => lease !== question.lease)),

  standing(question, kept) {
    const ends = [...kept.values()].sort((left, right) => left - right);
    const isHeld = question.lease !== undefined && kept.has(question.lease);
    const surplus = ends.length + placesAsked(question, isHeld) - question.rule.limit;
    return { live: ends.length, isHeld, lastEndUs: ends.at(-1) ?? 0, blockingUs: ends[surplus - 1] ?? 0 };
  },

  parse: (_rule, next) => ({ live: next(), isHeld: next() === 1, lastEndUs: next(), blockingUs: next() }),

  measure(question, { live, isHeld, lastEndUs, blockingUs }, isTaken) {
    const { rule, nowUs } = question;
    const isAllowed = isTaken || (isHeld && question.cost > 0) || live + placesAsked(question, isHeld) <= rule.limit;
    return {
      isAllowed,
      used: live,
      remaining: Math.max(0, rule.limit - live),
      retryAfterUs: isAllowed ? 0 : blockingUs - nowUs,
      resetAfterUs: live === 0 ? 0 : lastEndUs - nowUs,
      waitUs: 0,
    };
  },
};

function placesAsked({ cost }: Question, isHeld: boolean): number {
  return cost > 0 && !isHeld ? 1 : 0;
}
