import type { RedisArgument, RedisPort } from '@nest-strata/redis';
import { algorithmOf } from '../algorithms/algorithm-of.js';
import type { LimitQuestion } from '../algorithms/limit-algorithm.js';
import { checkClaims } from './check-claims.js';
import { claimOfPenalty } from './claim-of-penalty.js';
import { bringsStamp } from './compose-limit-script.js';
import type { ClaimShape, LimitOperation } from './compose-limit-script.js';
import { forgetLimitsScript } from './forget-limits.script.js';
import { judgeLimitsScript } from './judge-limits.script.js';
import { LimitKeys } from './limit-keys.js';
import { LimitStore } from './limit-store.port.js';
import type { LimitAnswer, LimitClaim, LimitVerdict } from './limit-store.port.js';

/** How a {@link RedisLimitStore} is to keep its limits. */
export interface RedisLimitStoreOptions {
  /** Between `strata:` and the rest of each key; those that share it share their limits. */
  readonly namespace: string;
  /** The time in µs, for tests that move it. Default: the time of the server, so that no two processes disagree. */
  readonly nowUs?: () => number;
}

/**
 * Limits in Redis, shared by all processes. Every request is one script, whatever the number of its limits, and so all or
 * nothing. Keys live until what they hold is as good as none; see {@link LimitKeys}.
 *
 * Rejects with RedisUnavailableError when Redis is away or too late, and with RedisReplyError when it refuses. In a
 * cluster all claims of a request must be of one subject.
 */
export class RedisLimitStore extends LimitStore {
  readonly #redis: RedisPort;
  readonly #keys: LimitKeys;
  readonly #nowUs: (() => number) | undefined;

  /** The connection is the caller's, to configure and to close. */
  constructor(redis: RedisPort, { namespace, nowUs }: RedisLimitStoreOptions) {
    super();
    this.#redis = redis;
    this.#keys = new LimitKeys(namespace);
    this.#nowUs = nowUs;
  }

  override async take(claims: readonly LimitClaim[]): Promise<LimitAnswer> {
    checkClaims(claims);
    const { isAllowed, reply, nowUs } = await this.#judge('take', claims);
    const verdicts = claims.map((claim) => verdictOf(claim, claim.cost, reply, nowUs, isAllowed));
    return { isAllowed, verdicts, nowUs };
  }

  override async giveBack(claims: readonly LimitClaim[]): Promise<void> {
    checkClaims(claims);
    await this.#judge('give', claims);
  }

  override async penalize(claims: readonly LimitClaim[]): Promise<LimitAnswer> {
    checkClaims(claims);
    const { reply, nowUs } = await this.#judge('penalize', claims.map(claimOfPenalty));
    const verdicts = claims.map((claim) => verdictOf(claim, 0, reply, nowUs, false));
    return {
      isAllowed: verdicts.every((verdict, index) => verdict.isAllowed || claims[index]?.isShadow),
      verdicts,
      nowUs,
    };
  }

  override async reset(subject: string, policies?: readonly string[]): Promise<void> {
    const names = policies === undefined ? '' : JSON.stringify(policies);
    await this.#redis.run(forgetLimitsScript, { subject: this.#keys.subject(subject) }, { policies: names });
  }

  /** Does nothing: the connection is not the store's. */
  override close(): Promise<void> {
    return Promise.resolve();
  }

  async #judge(
    operation: LimitOperation,
    claims: readonly LimitClaim[],
  ): Promise<{ isAllowed: boolean; nowUs: number; reply: () => number }> {
    const subjects = [...new Set(claims.map(({ subject }) => subject))];
    const keys = subjects.map((subject) => this.#keys.subject(subject));
    const args: RedisArgument[] = [this.#nowUs?.() ?? ''];
    const shapes = claims.map(({ subject, policy, rule, cost, isShadow, lease, takenForUs }): ClaimShape => {
      const algorithm = algorithmOf(rule);
      const parameters = algorithm.parameters(rule, subject);
      const firstArgument = args.push(policy);
      args.push(cost, ...parameters);
      if (bringsStamp(operation, algorithm)) args.push((rule.kind === 'concurrency' ? lease : takenForUs) ?? '');
      const ownKey = algorithm.hasOwnKey ? keys.push(this.#keys.policy(subject, policy)) : 0;
      const subjectKey = subjects.indexOf(subject) + 1;
      return { algorithm, subjectKey, ownKey, isShadow, firstArgument, parameterCount: parameters.length };
    });
    const script = judgeLimitsScript(operation, shapes, keys.length, args.length);
    const numbers = await this.#redis.run(script, byPosition(keys), byPosition(args));
    let at = 0;
    const reply = (): number => numbers[at++] ?? 0;
    const nowUs = reply();
    return { nowUs, isAllowed: reply() === 1, reply };
  }
}

/** A list read by the names that the script gives to positions: '0', '1', … */
function byPosition<Item>(items: readonly Item[]): Readonly<Record<string, Item>> {
  return items as unknown as Readonly<Record<string, Item>>;
}

/** The verdict on a claim, from what the script tells of it next. */
function verdictOf(
  { rule, subject, lease }: LimitClaim,
  cost: number,
  reply: () => number,
  nowUs: number,
  areAllAllowed: boolean,
): LimitVerdict {
  const isTaken = reply() === 1 && areAllAllowed;
  const algorithm = algorithmOf(rule);
  const question: LimitQuestion = { rule, subject, cost, nowUs, lease };
  return algorithm.measure(question, algorithm.parse(rule, reply), isTaken);
}
