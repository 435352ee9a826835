import type { TokenBucketRule } from '../rule/limit-rule.js';
import { intervalBucketLua } from './interval-bucket.lua.js';
import type { LimitAlgorithm } from './limit-algorithm.js';
import { MAX_AMOUNT } from './stored-number.js';

/** Tokens that are missing, and since when the next refill has been under way. */
interface MissingTokens {
  readonly sinceUs: number;
  readonly missing: number;
}

/** A token bucket that gets its tokens back in one portion per interval, counted from the first take of a full bucket. */
export const intervalBucket: LimitAlgorithm<TokenBucketRule, MissingTokens, MissingTokens> = {
  mark: 'i',
  lua: intervalBucketLua,
  hasOwnKey: false,

  parameters: ({ everyUs, refill, capacity }) => [everyUs, refill, capacity],

  settle({ rule: { everyUs, refill }, nowUs }, kept) {
    if (kept === undefined) return { sinceUs: nowUs, missing: 0 };
    const refills = Math.max(0, Math.floor((nowUs - kept.sinceUs) / everyUs));
    if (refills >= Math.ceil(kept.missing / refill)) return { sinceUs: nowUs, missing: 0 };
    return { sinceUs: kept.sinceUs + refills * everyUs, missing: kept.missing - refills * refill };
  },

  take: ({ cost }, { sinceUs, missing }) => ({ sinceUs, missing: Math.min(missing + cost, MAX_AMOUNT) }),
  giveBack: ({ cost }, { sinceUs, missing }) => ({ sinceUs, missing: Math.max(0, missing - cost) }),
  standing: (_question, kept) => kept,
  parse: (_rule, next) => ({ sinceUs: next(), missing: next() }),

  measure({ rule: { everyUs, refill, capacity }, nowUs, cost }, { sinceUs, missing }, isTaken) {
    const afterUs = (tokens: number): number => sinceUs - nowUs + Math.ceil(tokens / refill) * everyUs;
    const isAllowed = isTaken || missing + cost <= capacity;
    return {
      isAllowed,
      used: missing,
      remaining: Math.max(0, capacity - missing),
      retryAfterUs: isAllowed ? 0 : cost > capacity ? Infinity : afterUs(missing + cost - capacity),
      resetAfterUs: missing === 0 ? 0 : afterUs(missing),
      waitUs: 0,
    };
  },
};
