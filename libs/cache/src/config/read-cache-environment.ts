import type { Duration } from '@nest-strata/core';
import type { CacheSettings } from '../options/cache-module-options.js';
import { settingsProblems } from '../options/option-problems.js';
import { EnvironmentReader } from './environment-reader.js';
import type { Environment } from './environment-reader.js';
import { environmentVariables, NAMED_TTL_PATTERN } from './environment-variables.js';

/** What the environment says about the cache. */
export interface CacheEnvironment {
  readonly settings: CacheSettings;
  /** The durations that were given as bare numbers, as they were understood, by variable. */
  readonly bareSeconds: Readonly<Record<string, Duration>>;
}

/** Settings while they are put together. */
type Draft = Record<string, unknown>;

/**
 * The cache's settings as environment variables give them. What is not set is left out, so that it can come from the
 * code.
 *
 * @throws InvalidCacheEnvironmentError with every variable that cannot be used
 */
export function readCacheEnvironment(environment: Environment): CacheEnvironment {
  const reader = new EnvironmentReader(environment);
  const draft: Draft = {};
  const variableOf = new Map<string, string>();
  for (const { name, kind, option } of environmentVariables) {
    if (option === undefined) continue;
    const value = reader[kind](name);
    if (value === undefined) continue;
    put(draft, option, value);
    variableOf.set(option, name);
  }
  readNamedTtls(reader, environment, draft);
  leaveOut(reader, draft);
  for (const { path, message } of settingsProblems(draft)) {
    const variable = variableOf.get(path);
    if (variable !== undefined) reader.report(variable, message);
  }
  reader.finish();
  return { settings: draft, bareSeconds: reader.bareSeconds };
}

function readNamedTtls(reader: EnvironmentReader, environment: Environment, draft: Draft): void {
  for (const variable of Object.keys(environment).sort()) {
    const name = NAMED_TTL_PATTERN.exec(variable)?.[1];
    if (name === undefined || environmentVariables.some((other) => other.name === variable)) continue;
    const ttl = reader.duration(variable);
    if (ttl !== undefined) put(draft, `ttls.${name.toLowerCase()}`, ttl);
  }
}

/** Applies the switches that have no option of their own. */
function leaveOut(reader: EnvironmentReader, draft: Draft): void {
  const redisEnabled = reader.switch('REDIS_ENABLED');
  if (redisEnabled === true && reader.text('REDIS_URL') === undefined) {
    reader.report('REDIS_URL', 'not set, and REDIS_ENABLED is true; write an address such as redis://localhost:6379');
  }
  if (redisEnabled === false || reader.text('REDIS_URL') === undefined) {
    delete draft['redis'];
    delete draft['coherence'];
  }
  if (redisEnabled === false) draft['redis'] = false;
  if (reader.switch('CACHE_MEMORY_ENABLED') === false) draft['memory'] = false;
}

function put(draft: Draft, option: string, value: unknown): void {
  const [group, name] = option.split('.');
  if (group === undefined) return;
  draft[group] = name === undefined ? value : { ...(draft[group] as Draft | undefined), [name]: value };
}
