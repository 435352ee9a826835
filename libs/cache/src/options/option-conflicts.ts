import { durationToMs, isDuration } from '@nest-strata/core';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import { describeGiven } from './describe-given.js';
import type { OptionProblem } from './invalid-cache-options.error.js';
import { layOptions } from './lay-options.js';
import { isPlainObject } from './option-rules.js';

/** Options as somebody wrote them. */
type GivenOptions = Readonly<Record<string, unknown>>;

/** Options of one cache that are each right and do not go together. */
interface Conflict {
  /** The option to be mended first. */
  readonly path: string;
  /** The one that it may conflict with. */
  readonly other: string;
  /** What to write instead; `undefined` when they go together. */
  readonly advice: (options: GivenOptions) => string | undefined;
}

const CONFLICTS: readonly Conflict[] = [
  {
    path: 'softTimeout',
    other: 'hardTimeout',
    advice: ({ softTimeout, hardTimeout }) =>
      limitMs(softTimeout) > limitMs(hardTimeout) && limitMs(softTimeout) < Infinity
        ? `softTimeout ${describeGiven(softTimeout)} is never reached: hardTimeout ${describeGiven(hardTimeout)} comes first; write a shorter one`
        : undefined,
  },
  {
    path: 'softTimeout',
    other: 'grace',
    advice: ({ softTimeout, grace }) =>
      limitMs(softTimeout) < Infinity && (msOf(grace) ?? 0) === 0
        ? `softTimeout ${describeGiven(softTimeout)} is never used: without grace there is no copy to serve; write grace: '1h' too, or hardTimeout instead`
        : undefined,
  },
  {
    path: 'slidingTtl',
    other: 'ttl',
    advice: ({ slidingTtl, ttl }) => {
      const slidingMs = msOf(slidingTtl) ?? 0;
      return slidingMs > 0 && slidingMs >= (msOf(ttl) ?? Infinity)
        ? `slidingTtl ${describeGiven(slidingTtl)} prolongs nothing: ttl ${describeGiven(ttl)} ends the entry before; write a shorter one, or a longer ttl`
        : undefined;
    },
  },
  {
    path: 'loads.maxQueued',
    other: 'loads',
    advice: ({ loads }) =>
      isPlainObject(loads) && loads['maxQueued'] !== undefined && loads['maxConcurrent'] === undefined
        ? `given ${describeGiven(loads['maxQueued'])}, which is never used: without maxConcurrent no load waits; write that too, or neither`
        : undefined,
  },
  {
    path: 'memory.ttl',
    other: 'coherence',
    advice: ({ memory, coherence }) => {
      const ttl = isPlainObject(memory) ? memory['ttl'] : undefined;
      return coherence === 'none' && (msOf(ttl) ?? 0) > LIVENESS_BOUND_MS
        ? `given ${describeGiven(ttl)}, which is never reached: memory that hears of no changes keeps copies for a second; write '1s' or less, or another coherence`
        : undefined;
    },
  },
];

/**
 * What is wrong with options of one cache taken together. Of options that `given` has from the cache around, only those
 * are told that an option of its own conflicts with.
 *
 * @param around the options of the cache around, and the defaults
 */
export function optionConflicts(given: GivenOptions, around: object): OptionProblem[] {
  const together: GivenOptions = layOptions(around, given);
  return CONFLICTS.flatMap(({ path, other, advice }) => {
    const own = [path, other].find((option) => given[option.split('.')[0] ?? option] !== undefined);
    const message = own === undefined ? undefined : advice(together);
    return own === undefined || message === undefined ? [] : [{ path: own, message }];
  });
}

/** `undefined` for what is no duration, which is told elsewhere. */
function msOf(given: unknown): number | undefined {
  return isDuration(given) ? durationToMs(given) : undefined;
}

/** A limit of nothing, or none, is no limit. */
function limitMs(given: unknown): number {
  const ms = msOf(given) ?? 0;
  return ms === 0 ? Infinity : ms;
}
