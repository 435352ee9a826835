import { durationToMs, isDuration, type Duration } from '@nest-strata/core';
import type { BreakerSettings } from '../breaker/circuit-breaker.js';
import type { RedisClient } from '../client/redis-client.js';
import { InvalidRedisOptionsError, type RedisOptionProblem } from '../errors/invalid-redis-options.error.js';
import { parseRedisUrl, RedisUrlProblem, type RedisEndpoint } from './redis-url.js';
import { Secret } from './secret.js';

/** How to reach Redis and how long to wait for it. Give `url` or `client`. */
export interface RedisOptions {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://…` for TLS. Needs the package `ioredis`. */
  readonly url?: string;
  /**
   * A client of your own, `new Redis(…)` of ioredis 5 or 6. It is duplicated: its address, credentials, TLS and Sentinel
   * settings are used, its time limits, retries and key prefix are not, and the client itself stays as it is and yours
   * to close.
   */
  readonly client?: RedisClient;
  /** Replaces the user name of the `url`. */
  readonly username?: string;
  /** Replaces the password of the `url`. */
  readonly password?: string;
  /**
   * How many connections share the work, batch by batch; while changes are tracked (`watch`), only the reads. Default 1,
   * which is enough for most; at most 64.
   */
  readonly connections?: number;
  /** The longest that any call waits for Redis. Default `'50ms'`. */
  readonly deadline?: Duration;
  /** How long a connection may stay silent while Redis owes an answer before it is replaced. Default `'1s'`. */
  readonly socketTimeout?: Duration;
  /** When to stop asking a Redis that does not answer. */
  readonly breaker?: {
    /** After how many unanswered batches in a row. Default 5. */
    readonly failures?: number;
    /** For how long, until it is tried with a `PING`. Default `'200ms'`. */
    readonly openFor?: Duration;
  };
  /** How the connections appear in `CLIENT LIST`. Default `'strata'`. */
  readonly name?: string;
}

/** {@link RedisOptions} with all defaults, checked, in milliseconds and frozen. Prints without secrets. */
export interface ResolvedRedisOptions {
  readonly source: RedisEndpoint | { readonly client: RedisClient };
  readonly connections: number;
  readonly deadlineMs: number;
  readonly socketTimeoutMs: number;
  readonly breaker: BreakerSettings;
  readonly name: string;
}

const MAX_CONNECTIONS = 64;
const MAX_FAILURES = 1_000_000;
const MAX_WAIT_MS = 10 * 60_000;
/** Redis takes no blanks and no control characters here. */
const CLIENT_NAME = /^[\w.:/-]{1,100}$/;
const OPTION_NAMES: readonly string[] = [
  'url',
  'client',
  'username',
  'password',
  'connections',
  'deadline',
  'socketTimeout',
  'breaker',
  'name',
] satisfies (keyof RedisOptions)[];
const BREAKER_OPTION_NAMES: readonly string[] = ['failures', 'openFor'] satisfies (keyof NonNullable<
  RedisOptions['breaker']
>)[];

/**
 * Checks options and fills in the defaults.
 *
 * @throws InvalidRedisOptionsError with all that is wrong; secrets are not repeated in it
 */
export function resolveRedisOptions(options: RedisOptions): ResolvedRedisOptions {
  const problems: RedisOptionProblem[] = [];
  const report = (path: string, message: string) => void problems.push({ path, message });

  checkNames(options, OPTION_NAMES, '', report);
  checkNames(options.breaker ?? {}, BREAKER_OPTION_NAMES, 'breaker.', report);
  const source = checkSource(options, report);
  const resolved = {
    connections: checkInteger(options.connections ?? 1, MAX_CONNECTIONS, 'connections', report),
    deadlineMs: checkDuration(options.deadline ?? '50ms', 'deadline', report),
    socketTimeoutMs: checkDuration(options.socketTimeout ?? '1s', 'socketTimeout', report),
    breaker: Object.freeze({
      failures: checkInteger(options.breaker?.failures ?? 5, MAX_FAILURES, 'breaker.failures', report),
      openForMs: checkDuration(options.breaker?.openFor ?? '200ms', 'breaker.openFor', report),
    }),
    name: checkName(options.name ?? 'strata', report),
  };
  if (source === undefined || problems.length > 0) throw new InvalidRedisOptionsError(problems);
  return Object.freeze({ source: Object.freeze(source), ...resolved });
}

type Report = (path: string, message: string) => void;

function checkNames(given: object, known: readonly string[], prefix: string, report: Report): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) report(prefix + name, `is not an option. The options are ${known.join(', ')}`);
  }
}

function checkSource(options: RedisOptions, report: Report): ResolvedRedisOptions['source'] | undefined {
  const { url, client, username, password } = options;
  if (client !== undefined) {
    for (const name of ['url', 'username', 'password'] as const) {
      if (options[name] !== undefined)
        report(name, 'cannot be combined with client, which has its own. Give one of them');
    }
    return checkClient(client, report);
  }
  if (typeof url !== 'string') {
    report('url', `is missing. Give a url such as 'redis://localhost:6379', or your own ioredis client as client`);
    return undefined;
  }
  try {
    return {
      ...parseRedisUrl(url),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: new Secret(password) }),
    };
  } catch (error) {
    if (!(error instanceof RedisUrlProblem)) throw error;
    report('url', error.message);
    return undefined;
  }
}

function checkClient(client: RedisClient, report: Report): { client: RedisClient } | undefined {
  if (!isClient(client)) {
    report('client', 'is not a client of ioredis. Give an instance of its class Redis, or a url');
    return undefined;
  }
  if (client.isCluster === true) {
    report('client', 'is a cluster client, which is not supported. Give a client of a single server');
    return undefined;
  }
  return { client };
}

function isClient(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'duplicate' in given && 'callBuffer' in given;
}

function checkInteger(given: number, max: number, path: string, report: Report): number {
  if (!Number.isInteger(given) || given < 1 || given > max) {
    report(path, `is ${describe(given)}. Give a whole number from 1 to ${max}`);
  }
  return given;
}

function checkDuration(given: Duration, path: string, report: Report): number {
  const ms = isDuration(given) ? durationToMs(given) : undefined;
  if (ms === undefined || ms < 1 || ms > MAX_WAIT_MS) {
    report(path, `is ${describe(given)}. Give a duration from '1ms' to '10m', such as '50ms' or '1s'`);
  }
  return ms ?? 0;
}

function checkName(given: string, report: Report): string {
  if (!CLIENT_NAME.test(given))
    report('name', `is ${describe(given)}. Give 1 to 100 letters, digits, or any of . : _ / -`);
  return given;
}

function describe(given: unknown): string {
  return typeof given === 'object' || typeof given === 'function' ? `of type ${typeof given}` : JSON.stringify(given);
}
