import type { LimitPolicy } from '../policy/limit-policy.js';
import type { PolicyResult, RateLimitResult } from '../limiter/rate-limit-result.js';
import { advertise, moreAfterMs } from './advertised-policy.js';
import { legacyHeaders } from './legacy-headers.js';
import { partitionKeyOf } from './partition-key.js';
import { retryAfterSeconds, type RetryJitter } from './retry-after.js';
import { serializeList, type FieldItem } from './structured-field.js';

/** Which text of the IETF draft "RateLimit header fields for HTTP" the headers follow. */
export type RateLimitHeaderVersion = 'draft-10';

/** How headers are written. */
export interface RateLimitHeaderOptions {
  /** Default `draft-10`, the latest. */
  readonly version?: RateLimitHeaderVersion;
  /** Sends `X-RateLimit-Limit`, `-Remaining` and `-Reset` besides. Default `false`. */
  readonly legacy?: boolean;
  /** With a secret, items carry a partition key (`pk`) made of the subject; without, none. */
  readonly partitionSecret?: string;
  /** Spreads `Retry-After`. Default: not. */
  readonly spread?: RetryJitter;
}

/** Names of headers and their values. */
export type HttpHeaders = Readonly<Record<string, string>>;

interface Judged {
  readonly policy: LimitPolicy;
  readonly result: PolicyResult;
}

/**
 * The headers that tell a client how it stands: `RateLimit-Policy` for every policy that is enforced, `RateLimit` for
 * those whose numbers are known, and `Retry-After` when it was denied.
 *
 * `t` of `RateLimit` is when the client has *more*, not when all is as new, and `Retry-After` is never earlier. Policies
 * that only watch are not told. While Redis is away `RateLimit` is left out for the policies that another rule decided:
 * what one process has counted is not the client's quota.
 *
 * Where the answer came from memory, only the policies that deny have a `RateLimit`.
 */
export function rateLimitHeaders(result: RateLimitResult, options: RateLimitHeaderOptions = {}): HttpHeaders {
  const told = result.declared.filter(({ mode = 'enforce' }) => mode === 'enforce');
  const judged = result.policies.flatMap((one): Judged[] => {
    const policy = told.find(({ name }) => name === one.policy);
    return policy === undefined || one.isDegraded ? [] : [{ policy, result: one }];
  });
  const { isAllowed, retryAfterMs } = result;
  const waitSeconds = isAllowed ? undefined : retryAfterSeconds(retryAfterMs, options.spread);
  return {
    ...DIALECTS[options.version ?? 'draft-10'](told, judged, options.partitionSecret),
    ...(options.legacy && legacyHeaders(judged.map((one) => one.result))),
    ...(waitSeconds !== undefined && { 'Retry-After': String(waitSeconds) }),
  };
}

type Dialect = (told: readonly LimitPolicy[], judged: readonly Judged[], secret: string | undefined) => HttpHeaders;

/** A later draft gets a dialect of its own, so that clients of an earlier one can be served until they have moved. */
const DIALECTS: Readonly<Record<RateLimitHeaderVersion, Dialect>> = {
  'draft-10': (told, judged, secret) => {
    const policyField = serializeList(told.map(policyItem));
    const limitField = serializeList(judged.map((one) => limitItem(one, secret)));
    return {
      ...(policyField !== '' && { 'RateLimit-Policy': policyField }),
      ...(limitField !== '' && { RateLimit: limitField }),
    };
  },
};

function policyItem(policy: LimitPolicy): FieldItem {
  const { name, quota, windowMs = 0, unit } = advertise(policy);
  return {
    value: name,
    parameters: {
      q: quota,
      qu: unit === 'requests' ? undefined : unit,
      // Whole seconds, never too few: a window below one has no `w`.
      w: windowMs < 1_000 ? undefined : Math.ceil(windowMs / 1_000),
    },
  };
}

function limitItem({ policy, result }: Judged, secret: string | undefined): FieldItem {
  const moreMs = moreAfterMs(policy, result);
  return {
    value: policy.name,
    parameters: {
      r: Math.max(0, result.remaining),
      t: moreMs === undefined ? undefined : Math.ceil(moreMs / 1_000),
      pk: secret === undefined ? undefined : partitionKeyOf(result.subject, secret),
    },
  };
}
