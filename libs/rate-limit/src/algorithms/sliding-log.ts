import type { SlidingLogRule } from '../rule/limit-rule.js';
import type { LimitAlgorithm, LimitQuestion } from './limit-algorithm.js';
import { slidingLogLua } from './sliding-log.lua.js';
import { MomentLog } from './moment-log.js';

/** What a verdict needs of the log. */
interface LogStanding {
  /** How many entries the window has. */
  readonly live: number;
  readonly newestUs: number;
  /** That which has to leave the window before the cost fits; 0: none. */
  readonly blockingUs: number;
}

/** Remembers the moment of each: at most the limit in any window whatsoever, exactly. */
export const slidingLog: LimitAlgorithm<SlidingLogRule, MomentLog, LogStanding> = {
  mark: 'l',
  lua: slidingLogLua,
  hasOwnKey: true,

  parameters: ({ windowUs, limit }) => [windowUs, limit],
  settle: (_question, kept) => kept ?? new MomentLog(),

  take({ rule, nowUs, cost }, log) {
    const atUs = Math.max(nowUs, log.newestUs);
    log.dropUntil(atUs - rule.windowUs);
    // More than the limit at one moment denies no more than the limit does.
    log.push(atUs, Math.min(cost, rule.limit));
    log.keepNewest(2 * rule.limit);
    return log;
  },

  giveBack({ cost, takenForUs }, log) {
    log.remove(cost, takenForUs);
    return log;
  },

  standing(question, log) {
    const { rule, nowUs, cost } = question;
    const first = log.countUntil(Math.max(nowUs, log.newestUs) - rule.windowUs);
    const live = log.length - first;
    const surplus = live + cost - rule.limit;
    const blocks = surplus > 0 && cost <= rule.limit;
    return { live, newestUs: log.newestUs, blockingUs: blocks ? log.at(first + surplus - 1) : 0 };
  },

  parse: (_rule, next) => ({ live: next(), newestUs: next(), blockingUs: next() }),

  measure(question: LimitQuestion<SlidingLogRule>, { live, newestUs, blockingUs }, isTaken) {
    const { rule, nowUs, cost } = question;
    const isAllowed = isTaken || live + cost <= rule.limit;
    return {
      isAllowed,
      used: live,
      remaining: Math.max(0, rule.limit - live),
      retryAfterUs: isAllowed ? 0 : cost > rule.limit ? Infinity : blockingUs + rule.windowUs - nowUs,
      resetAfterUs: live === 0 ? 0 : newestUs + rule.windowUs - nowUs,
      waitUs: 0,
    };
  },
};
