import type { LeakyQueueRule } from '../rule/limit-rule.js';
import { forgive, isConvertedDrip, owe, owedTokens, settleDrip, untilPaidUs } from './drip.js';
import type { Drip } from './drip.js';
import { queueLua } from './drip.lua.js';
import type { LimitAlgorithm } from './limit-algorithm.js';

/**
 * The leaky bucket as a queue: whoever is admitted gets the next free slot, and waits for it. First come, first served
 * over all processes, in one step and without polling. A slot that is given back is free again only if it was the last.
 */
export const queue: LimitAlgorithm<LeakyQueueRule, Drip, Drip> = {
  mark: 'q',
  lua: queueLua,
  hasOwnKey: false,

  parameters: ({ rate, maxWaitUs, limit }) => [rate.perUs, rate.count, maxWaitUs, limit],
  settle: ({ rule, nowUs }, kept) => settleDrip(rule.rate, nowUs, kept),
  isConverted: ({ rule, nowUs }, kept) => isConvertedDrip(rule.rate, nowUs, kept),
  take: ({ nowUs, cost }, drip) => owe(drip, nowUs, cost),

  giveBack({ rule, nowUs, cost, takenForUs }, drip) {
    if (takenForUs === undefined) return drip;
    return untilPaidUs(drip, takenForUs, -cost * rule.rate.perUs) === 0 ? forgive(drip, nowUs, cost) : drip;
  },

  standing: (_question, drip) => drip,
  parse: ({ rate }, next) => ({ zeroUs: next(), fraction: next(), rate }),

  measure({ rule, nowUs, cost }, drip, isTaken) {
    const { rate, maxWaitUs, limit } = rule;
    const waitUs = Math.max(0, untilPaidUs(drip, nowUs, isTaken ? -cost * rate.perUs : 0));
    const isAllowed = isTaken || (cost <= limit && waitUs <= maxWaitUs);
    const roomParts = maxWaitUs * rate.count - (drip.zeroUs - nowUs) * rate.count - drip.fraction;
    return {
      isAllowed,
      used: owedTokens(drip, nowUs),
      remaining: roomParts < 0 ? 0 : Math.floor(roomParts / rate.perUs) + 1,
      retryAfterUs: isAllowed ? 0 : cost > limit ? Infinity : waitUs - maxWaitUs,
      resetAfterUs: untilPaidUs(drip, nowUs),
      waitUs: isAllowed ? waitUs : 0,
    };
  },
};
