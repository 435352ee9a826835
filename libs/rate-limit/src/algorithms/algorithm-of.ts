import type { LimitRule } from '../rule/limit-rule.js';
import { concurrency } from './concurrency.js';
import { fixedWindow } from './fixed-window.js';
import { intervalBucket } from './interval-bucket.js';
import type { LimitAlgorithm } from './limit-algorithm.js';
import { meter } from './meter.js';
import { queue } from './queue.js';
import { slidingLog } from './sliding-log.js';
import { slidingWindow } from './sliding-window.js';

/** An algorithm whose state nobody but itself looks into. */
export type AnyAlgorithm = LimitAlgorithm<LimitRule, unknown, unknown>;

/** The algorithm that keeps a rule. */
export function algorithmOf(rule: LimitRule): AnyAlgorithm {
  return pick(rule) as AnyAlgorithm;
}

function pick(rule: LimitRule): unknown {
  switch (rule.kind) {
    case 'fixed-window':
      return fixedWindow;
    case 'sliding-window':
      return slidingWindow;
    case 'sliding-log':
      return slidingLog;
    case 'token-bucket':
      return rule.isGreedy ? meter : intervalBucket;
    case 'leaky-bucket':
      return meter;
    case 'leaky-queue':
      return queue;
    case 'concurrency':
      return concurrency;
  }
}
