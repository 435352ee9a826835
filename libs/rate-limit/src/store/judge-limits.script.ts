import { defineScript } from '@nest-strata/redis';
import type { RedisScript } from '@nest-strata/redis';
import type { AnyAlgorithm } from '../algorithms/algorithm-of.js';
import { SCRIPT_BODY, SCRIPT_HEAD } from '../algorithms/script-frame.js';

/** Which of the operations of a limit store is meant. */
export type LimitOperation = 'take' | 'give' | 'penalize';

/** How many arguments each claim has. */
export const ARGUMENTS_PER_CLAIM = 11;

type JudgeLimitsScript = RedisScript<string, string, readonly number[]>;

const scripts = new Map<string, JudgeLimitsScript>();

/**
 * Judges all claims of a request and takes all or nothing.
 *
 * KEYS: first the hash of each subject, then the keys of those policies that have their own
 * ARGV[1]  the time in µs, for tests; empty: that of the server
 * ARGV[2]  `take`, `give` or `penalize`
 * ARGV[3…] of each claim: the mark of its algorithm, the number of its subject's key, the number of its own key or 0, its
 *          field in the hash, the cost, 1 if it is a shadow, its lease or moment, and four parameters of the algorithm
 *
 * Returns the time, 1 if all were allowed, and for each claim 1 if it was and what its algorithm tells. O(claims), and
 * O(log n) in the entries of a log or the leases. Denied claims and those of cost 0 write nothing.
 *
 * The text depends on nothing but the algorithms in use, so that a server learns few.
 */
export function judgeLimitsScript(
  algorithms: readonly AnyAlgorithm[],
  keyCount: number,
  claimCount: number,
): JudgeLimitsScript {
  const used = [...new Set(algorithms)].sort((left, right) => (left.mark < right.mark ? -1 : 1));
  const shape = `${used.map(({ mark }) => mark).join('')} ${String(keyCount)} ${String(claimCount)}`;
  let script = scripts.get(shape);
  if (script === undefined) {
    script = defineScript({
      name: 'judge-limits',
      keys: namesOf(keyCount),
      args: namesOf(2 + claimCount * ARGUMENTS_PER_CLAIM),
      lua: `${SCRIPT_HEAD}${used.map(({ lua }) => lua).join('')}${SCRIPT_BODY}`,
      parse: (reply) => reply as number[],
    });
    scripts.set(shape, script);
  }
  return script;
}

/** Positions: the number of keys and arguments is that of the request. */
function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}
