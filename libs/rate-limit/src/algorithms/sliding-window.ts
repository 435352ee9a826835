import type { SlidingWindowRule } from '../rule/limit-rule.js';
import type { LimitAlgorithm, LimitQuestion } from './limit-algorithm.js';
import { slidingWindowLua } from './sliding-window.lua.js';

/** What was taken in each bucket up to that of `lastUs`, the oldest first: those of the window, and the one before. */
interface BucketCounts {
  readonly lastUs: number;
  readonly bucketUs: number;
  readonly counts: readonly number[];
}

/** A bucket counts no further. */
export const MAX_BUCKET_COUNT = 2 ** 32 - 1;

/** Into how many steps the fading of the oldest bucket is cut at most, so that products stay below 2^53. */
const FADING_STEPS = 2 ** 20;

/**
 * Counts in the buckets of a sliding window. The oldest bucket, of which the window covers but a part, counts with that
 * part, as if what was taken in it had been spread evenly; or in full, in the strict mode: then no window whatsoever sees
 * more than the limit. With one bucket it is the two-counter window of Cloudflare, but for its roundings.
 */
export const slidingWindow: LimitAlgorithm<SlidingWindowRule, BucketCounts, BucketCounts> = {
  mark: 's',
  lua: slidingWindowLua,
  hasOwnKey: false,

  parameters: ({ bucketUs, bucketCount, limit, isStrict }) => [bucketUs, bucketCount, limit, isStrict ? 1 : 0],

  settle({ rule: { bucketUs, bucketCount }, nowUs }, kept) {
    const counts = new Array<number>(bucketCount + 1).fill(0);
    if (kept === undefined) return { lastUs: nowUs, bucketUs, counts };
    const oldest = Math.floor(Math.max(nowUs, kept.lastUs) / bucketUs) - bucketCount;
    const keptOldest = Math.floor(kept.lastUs / kept.bucketUs) - kept.counts.length + 1;
    kept.counts.forEach((count, index) => {
      // All of a bucket counts for its last moment: no change of the rule makes it pass earlier.
      const lastOfBucketUs = Math.min((keptOldest + index + 1) * kept.bucketUs - 1, kept.lastUs);
      const at = Math.floor(lastOfBucketUs / bucketUs) - oldest;
      if (at >= 0) counts[at] = Math.min((counts[at] ?? 0) + count, MAX_BUCKET_COUNT);
    });
    return { lastUs: Math.max(nowUs, kept.lastUs), bucketUs, counts };
  },

  take: ({ cost }, kept) => withCounts(kept, (counts) => addTo(counts, counts.length - 1, cost)),

  giveBack: ({ rule, cost, takenForUs }, kept) =>
    withCounts(kept, (counts) => {
      const newest = counts.length - 1;
      if (takenForUs !== undefined) {
        const age = Math.floor(kept.lastUs / rule.bucketUs) - Math.floor(takenForUs / rule.bucketUs);
        addTo(counts, newest - Math.max(0, age), -cost);
        return;
      }
      let left = cost;
      for (let index = newest; index >= 0 && left > 0; index--) {
        const given = Math.min(left, counts[index] ?? 0);
        addTo(counts, index, -given);
        left -= given;
      }
    }),

  standing: (_question, kept) => kept,

  parse: ({ bucketUs, bucketCount }, next) => ({
    lastUs: next(),
    bucketUs,
    counts: Array.from({ length: bucketCount + 1 }, next),
  }),

  measure(question, { lastUs, counts }, isTaken) {
    const { rule, cost, nowUs } = question;
    const atUs = Math.max(nowUs, lastUs);
    const used = usedAt(rule, counts, atUs % rule.bucketUs);
    const isAllowed = isTaken || used + cost <= rule.limit;
    const newest = counts.findLastIndex((count) => count > 0);
    return {
      isAllowed,
      used,
      remaining: Math.max(0, rule.limit - used),
      retryAfterUs: isAllowed ? 0 : untilFreeUs(question, counts, atUs % rule.bucketUs) + atUs - nowUs,
      resetAfterUs: newest < 0 ? 0 : (newest + 1) * rule.bucketUs - (atUs % rule.bucketUs) + atUs - nowUs,
      waitUs: 0,
    };
  },
};

function usedAt(rule: SlidingWindowRule, counts: readonly number[], intoBucketUs: number): number {
  const [oldest = 0, ...younger] = counts;
  return sum(younger) + (rule.isStrict ? oldest : faded(rule, oldest, intoBucketUs));
}

/** What is left of the oldest bucket, rounded up. */
function faded({ bucketUs }: SlidingWindowRule, count: number, intoBucketUs: number): number {
  const stepUs = Math.ceil(bucketUs / FADING_STEPS);
  const steps = Math.ceil(bucketUs / stepUs);
  return Math.ceil((count * (steps - Math.floor(intoBucketUs / stepUs))) / steps);
}

/** Goes on from bucket to bucket, for the first moment at which the cost fits. */
function untilFreeUs(
  { rule, cost }: LimitQuestion<SlidingWindowRule>,
  counts: readonly number[],
  intoBucketUs: number,
): number {
  if (cost > rule.limit) return Infinity;
  const { bucketUs } = rule;
  for (let passed = 0; passed < counts.length; passed++) {
    const room = rule.limit - cost - sum(counts.slice(passed + 1));
    if (room < 0) continue;
    const fitsFromUs = fadedTo(rule, counts[passed] ?? 0, room);
    if (fitsFromUs < bucketUs) {
      return passed * bucketUs + Math.max(fitsFromUs, passed === 0 ? intoBucketUs : 0) - intoBucketUs;
    }
  }
  return counts.length * bucketUs - intoBucketUs;
}

/** How far into a bucket's time the oldest one has faded to `room`; the time of a bucket if it never does. */
function fadedTo({ bucketUs, isStrict }: SlidingWindowRule, count: number, room: number): number {
  if (count <= room) return 0;
  if (isStrict) return bucketUs;
  const stepUs = Math.ceil(bucketUs / FADING_STEPS);
  const steps = Math.ceil(bucketUs / stepUs);
  return Math.min(bucketUs, (steps - Math.floor((room * steps) / count)) * stepUs);
}

function withCounts(kept: BucketCounts, change: (counts: number[]) => void): BucketCounts {
  const counts = [...kept.counts];
  change(counts);
  return { ...kept, counts };
}

function addTo(counts: number[], index: number, amount: number): void {
  const count = counts[index];
  if (count !== undefined) counts[index] = Math.min(Math.max(0, count + amount), MAX_BUCKET_COUNT);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
