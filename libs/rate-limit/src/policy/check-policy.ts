import { InvalidPolicyError, type PolicyProblem } from './invalid-policy.error.js';
import type { LimitPolicy, PolicyMode, WhenAway } from './limit-policy.js';

const NAME = /^[a-z0-9_-]{1,64}$/;
const MODES: readonly string[] = ['enforce', 'shadow', 'off'] satisfies PolicyMode[];
const WAYS: readonly string[] = ['open', 'closed', 'local'] satisfies WhenAway[];
const COMMON_OPTIONS = ['name', 'algorithm', 'mode', 'whenAway'];

const OPTIONS_OF: Readonly<Record<LimitPolicy['algorithm'], readonly string[]>> = {
  'fixed-window': ['limit', 'window', 'anchor'],
  'sliding-window': ['limit', 'window', 'buckets', 'strict'],
  'sliding-log': ['limit', 'window'],
  'token-bucket': ['capacity', 'refill', 'every', 'mannerOfRefill'],
  'leaky-bucket': ['limit', 'window', 'burst'],
  'leaky-queue': ['limit', 'window', 'maxWait'],
  concurrency: ['limit', 'lease'],
};

/**
 * Checks what all policies have, and that a policy has no options but those of its algorithm; `resolveRule` checks their
 * values.
 *
 * @throws InvalidPolicyError with all that is wrong
 */
export function checkPolicy(policy: LimitPolicy): void {
  if (typeof policy !== 'object' || (policy as unknown) === null) {
    const message = `is ${describe(policy)}. Give an object, such as { name: 'burst', algorithm: 'fixed-window', limit: 100, window: '1m' }`;
    throw new InvalidPolicyError('?', [{ path: 'policy', message }]);
  }
  const problems: PolicyProblem[] = [];
  const report = (path: string, message: string): void => void problems.push({ path, message });
  const { name, algorithm, mode = 'enforce', whenAway = 'open' } = policy;
  if (typeof name !== 'string' || !NAME.test(name)) {
    report('name', `is ${describe(name)}. Give 1 to 64 of a-z, 0-9, _ and -, such as 'burst'`);
  }
  if (!MODES.includes(mode)) report('mode', `is ${describe(mode)}. Write ${listOf(MODES)}`);
  if (!WAYS.includes(whenAway)) report('whenAway', `is ${describe(whenAway)}. Write ${listOf(WAYS)}`);
  if (!Object.hasOwn(OPTIONS_OF, algorithm)) {
    report('algorithm', `is ${describe(algorithm)}. Write ${listOf(Object.keys(OPTIONS_OF))}`);
  } else {
    const known = [...COMMON_OPTIONS, ...OPTIONS_OF[algorithm]];
    for (const option of Object.keys(policy)) {
      if (!known.includes(option)) {
        report(option, `is no option of ${algorithm}, which has ${OPTIONS_OF[algorithm].join(', ')}`);
      }
    }
  }
  if (problems.length > 0) throw new InvalidPolicyError(typeof name === 'string' ? name : '?', problems);
}

function listOf(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.slice(-1).join('')}`;
}

function describe(given: unknown): string {
  if (given === undefined) return 'missing';
  return typeof given === 'string' || typeof given === 'number' ? JSON.stringify(given) : `of type ${typeof given}`;
}
