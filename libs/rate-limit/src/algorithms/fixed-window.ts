import type { FixedWindowRule } from '../rule/limit-rule.js';
import type { LimitAlgorithm, LimitQuestion } from './limit-algorithm.js';
import { fixedWindowLua } from './fixed-window.lua.js';
import { MAX_AMOUNT } from './stored-number.js';
import { windowOffsetUs } from './window-offset.js';

/** What was taken in the window of the latest take. The window itself is not kept, so that it may change. */
interface WindowCount {
  readonly lastUs: number;
  readonly count: number;
}

type Question = LimitQuestion<FixedWindowRule>;

/** Counts in windows that follow each other; up to twice the limit can pass in a window's time around a boundary. */
export const fixedWindow: LimitAlgorithm<FixedWindowRule, WindowCount, WindowCount> = {
  mark: 'f',
  lua: fixedWindowLua,
  hasOwnKey: false,

  parameters: (rule, subject) => [rule.windowUs, offsetUs(rule, subject), rule.limit],

  settle(question, kept) {
    const { nowUs } = question;
    if (kept === undefined) return { lastUs: nowUs, count: 0 };
    const isOver = windowAt(question, Math.max(nowUs, kept.lastUs)) !== windowAt(question, kept.lastUs);
    return isOver ? { lastUs: nowUs, count: 0 } : kept;
  },

  take: ({ nowUs, cost }, { lastUs, count }) => ({
    lastUs: Math.max(nowUs, lastUs),
    count: Math.min(count + cost, MAX_AMOUNT),
  }),

  giveBack(question, kept) {
    const { takenForUs, cost } = question;
    if (takenForUs !== undefined && windowAt(question, takenForUs) < windowAt(question, kept.lastUs)) return kept;
    return { lastUs: kept.lastUs, count: Math.max(0, kept.count - cost) };
  },

  standing: (_question, kept) => kept,
  parse: (_rule, next) => ({ lastUs: next(), count: next() }),

  measure(question, { lastUs, count }, isTaken) {
    const { rule, cost, nowUs } = question;
    const nextWindow = windowAt(question, Math.max(nowUs, lastUs)) + 1;
    const leftUs = nextWindow * rule.windowUs + offsetUs(rule, question.subject) - nowUs;
    const isAllowed = isTaken || count + cost <= rule.limit;
    return {
      isAllowed,
      used: count,
      remaining: Math.max(0, rule.limit - count),
      retryAfterUs: isAllowed ? 0 : cost > rule.limit ? Infinity : leftUs,
      resetAfterUs: count === 0 ? 0 : leftUs,
      waitUs: 0,
    };
  },
};

function windowAt({ rule, subject }: Question, us: number): number {
  return Math.floor((us - offsetUs(rule, subject)) / rule.windowUs);
}

function offsetUs(rule: FixedWindowRule, subject: string): number {
  return rule.isAnchoredBySubject ? windowOffsetUs(subject, rule.windowUs) : 0;
}
