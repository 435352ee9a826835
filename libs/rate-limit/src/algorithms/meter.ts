import type { LeakyBucketRule, TokenBucketRule } from '../rule/limit-rule.js';
import { forgive, isConvertedDrip, owe, owedTokens, settleDrip, untilPaidUs } from './drip.js';
import type { Drip } from './drip.js';
import { meterLua } from './drip.lua.js';
import type { LimitAlgorithm } from './limit-algorithm.js';

/** A token bucket that fills evenly, or a leaky bucket: the same, seen from the other side. */
type MeterRule = LeakyBucketRule | TokenBucketRule;

/**
 * The leaky bucket as a meter, by the generic cell rate algorithm (ITU-T I.371), and the token bucket that is refilled
 * evenly, which decides the same. Up to `capacity` and what leaks meanwhile can pass in a window.
 */
export const meter: LimitAlgorithm<MeterRule, Drip, Drip> = {
  mark: 'd',
  lua: meterLua,
  hasOwnKey: false,

  parameters: (rule) => [rule.rate.perUs, rule.rate.count, capacityOf(rule)],
  settle: ({ rule, nowUs }, kept) => settleDrip(rule.rate, nowUs, kept),
  isConverted: ({ rule, nowUs }, kept) => isConvertedDrip(rule.rate, nowUs, kept),
  take: ({ nowUs, cost }, drip) => owe(drip, nowUs, cost),
  giveBack: ({ nowUs, cost }, drip) => forgive(drip, nowUs, cost),
  standing: (_question, drip) => drip,
  parse: ({ rate }, next) => ({ zeroUs: next(), fraction: next(), rate }),

  measure({ rule, nowUs, cost }, drip, isTaken) {
    const capacity = capacityOf(rule);
    const used = owedTokens(drip, nowUs);
    const retryAfterUs = isTaken ? 0 : untilPaidUs(drip, nowUs, (cost - capacity) * rule.rate.perUs);
    return {
      isAllowed: retryAfterUs <= 0,
      used,
      remaining: Math.max(0, capacity - used),
      retryAfterUs: cost > capacity && !isTaken ? Infinity : Math.max(0, retryAfterUs),
      resetAfterUs: untilPaidUs(drip, nowUs),
      waitUs: 0,
    };
  },
};

function capacityOf(rule: MeterRule): number {
  return rule.kind === 'token-bucket' ? rule.capacity : rule.burst;
}
