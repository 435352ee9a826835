import { defineScript } from '@nest-strata/redis';
import type { RedisScript } from '@nest-strata/redis';
import { slidingWindow } from '../algorithms/sliding-window.js';
import { composeLimitScript } from './compose-limit-script.js';
import type { ClaimShape, LimitOperation } from './compose-limit-script.js';

type JudgeLimitsScript = RedisScript<string, string, readonly number[]>;

const scripts = new Map<string, JudgeLimitsScript>();

/**
 * Judges all claims of a request and takes all or nothing; or gives back, or penalizes.
 *
 * KEYS: first the hash of each subject, then the keys of those policies that have their own
 * ARGV[1]  the time in µs, for tests; empty: that of the server
 * ARGV[2…] of each claim: its field in the hash, the cost, the parameters of its algorithm; with `give`, the moment for
 *          which it was taken; with `concurrency`, its lease instead, always
 *
 * Returns the time, 1 if all were allowed, and for each claim 1 if it was and what its algorithm tells. O(claims), and
 * O(log n) in the entries of a log or the leases. Denied claims and those of cost 0 write nothing, but for a debt that was
 * made at another rate and is converted.
 *
 * There is a script for each sequence of algorithms, as requests bring them, whatever their limits: a server learns few.
 */
export function judgeLimitsScript(
  operation: LimitOperation,
  claims: readonly ClaimShape[],
  keyCount: number,
  argumentCount: number,
): JudgeLimitsScript {
  const shapes = claims.map(
    ({ algorithm, subjectKey, ownKey, isShadow }) => `${algorithm.mark}${subjectKey},${ownKey}${isShadow ? '?' : ''}`,
  );
  const shape = `${operation} ${keyCount} ${shapes.join(' ')}`;
  let script = scripts.get(shape);
  if (script === undefined) {
    const hasLists = claims.some(({ algorithm }) => algorithm.mark === slidingWindow.mark);
    script = defineScript({
      name: 'judge-limits',
      keys: namesOf(keyCount),
      args: namesOf(argumentCount),
      lua: composeLimitScript(operation, claims),
      // Only the counts of a sliding window come as a list of their own.
      parse: hasLists ? (reply) => (reply as (number | number[])[]).flat() : (reply) => reply as number[],
    });
    scripts.set(shape, script);
  }
  return script;
}

/** Positions: the number of keys and arguments is that of the request. */
function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}
