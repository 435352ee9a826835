import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { describeGiven } from '../options/describe-given.js';
import { nearestNames } from '../options/nearest-names.js';
import { optionConflicts } from '../options/option-conflicts.js';
import {
  BETA_ADVICE,
  durationAdvice,
  durationWithinAdvice,
  isBeta,
  isPlainObject,
  isShare,
} from '../options/option-rules.js';
import { FromResult } from './from-result.js';

/** What is wrong with a value and what to write instead; `undefined` when nothing is. */
type Rule = (given: unknown) => string | undefined;
type Rules = Readonly<Record<string, Rule>>;
type Options = Readonly<Record<string, unknown>>;

const FROM_RESULT = 'fromResult((result, …arguments) => …)';

const cache = rule(
  (given) => isText(given) || (isListOfTexts(given) && given.length > 0),
  "the name of a cache, such as 'heroes', or a list of names",
);
const ofArguments = rule(isFunction, 'a function of the arguments');
const ofEither = rule(
  (given) => isFunction(given) || isFromResult(given),
  `a function of the arguments, or ${FROM_RESULT}`,
);
const ofResult = rule(isFunction, 'a function of the result and the arguments, without fromResult');
const tagList = rule(isListOfTexts, "a list of tags, such as ['heroes']");
const tags = rule(
  (given) => isListOfTexts(given) || isFunction(given) || isFromResult(given),
  `a list of tags, a function of the arguments, or ${FROM_RESULT}`,
);
const share = (example: string) => rule(isShare, `a share from 0 up to but not including 1, such as ${example}`);
const flag = rule((given) => typeof given === 'boolean', 'true or false');
const ttl: Rule = (given) =>
  durationAdvice(given) ?? (durationToMs(given as Duration) > 0 ? undefined : nothingStored(given));
const ttlOrFunction: Rule = (given) => (isFunction(given) ? undefined : ttl(given));

const upToADay: Rule = (given) => durationWithinAdvice(given, '0ms', '1d');

const stored: Rules = {
  memoryTtl: durationAdvice,
  jitter: share('0.1'),
  grace: durationAdvice,
  staleWhileRevalidate: durationAdvice,
  negativeTtl: durationAdvice,
  slidingTtl: durationAdvice,
};
const store: Rules = { cache, ttl: ttlOrFunction, tags, unless: ofResult, version: ofResult, ...stored };
const load: Rules = {
  refreshAhead: share('0.8'),
  earlyRefresh: rule(isBeta, BETA_ADVICE),
  softTimeout: durationAdvice,
  hardTimeout: durationAdvice,
  lockTimeout: durationAdvice,
  onLockTimeout: rule((given) => given === 'load' || given === 'fail', "'load' or 'fail'"),
  errorTtl: upToADay,
  retryAfter: upToADay,
};

const RULES = {
  Cacheable: {
    ...store,
    ...load,
    key: ofArguments,
    condition: ofArguments,
    fallback: rule(isFunction, 'a function of the error and the arguments, such as () => []'),
  },
  CachePut: { ...store, key: ofEither, condition: ofEither },
  CacheEvict: { cache, key: ofEither, tags, all: flag, condition: ofEither, beforeInvocation: flag },
  CacheConfig: {
    cache,
    ttl,
    tags: tagList,
    ...stored,
    ...load,
    keyPrefix: rule(isText, "a text, such as 'hero'"),
  },
} as const satisfies Record<string, Rules>;

/** The rules of `@Caching`: the option that holds them, and the decorator that each stands for. */
export const CACHING_PARTS = { cacheable: 'Cacheable', put: 'CachePut', evict: 'CacheEvict' } as const;

/** What is wrong with the options of a caching decorator, and what to write instead; empty when nothing is. */
export function problemsOf(decorator: keyof typeof RULES | 'Caching', given: unknown): string[] {
  return decorator === 'Caching' ? cachingProblems(given) : ruleProblems(decorator, given, '');
}

function ruleProblems(decorator: keyof typeof RULES, given: unknown, at: string): string[] {
  if (!isPlainObject(given))
    return [`${at === '' ? 'options' : at}: given ${describeGiven(given)}; write an object of options`];
  const prefix = at === '' ? '' : `${at}.`;
  return [
    ...optionProblems(RULES[decorator], given, prefix),
    ...combinationProblems(decorator, given).map((problem) => (at === '' ? problem : `${at}: ${problem}`)),
  ];
}

function cachingProblems(given: unknown): string[] {
  if (!isPlainObject(given)) return [`options: given ${describeGiven(given)}; write an object such as { evict: […] }`];
  const parts = Object.entries(CACHING_PARTS).filter(([name]) => given[name] !== undefined);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(CACHING_PARTS, name));
  const inParts = parts.flatMap(([name, decorator]) => {
    const part = given[name];
    if (!Array.isArray(part)) return ruleProblems(decorator, part, name);
    return part.flatMap((options, index) => ruleProblems(decorator, options, `${name}[${index}]`));
  });
  const rules = parts.flatMap(([name]) => given[name]);
  return [
    ...unknown.map((name) => unknownOption(name, Object.keys(CACHING_PARTS))),
    ...inParts,
    ...(rules.length === 0 ? ['there is no rule; write at least one of cacheable, put and evict'] : []),
  ];
}

function optionProblems(rules: Rules, given: Options, prefix: string): string[] {
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => {
      if (!Object.hasOwn(rules, name)) return [prefix + unknownOption(name, Object.keys(rules))];
      const problem = rules[name]?.(value);
      return problem === undefined ? [] : [`${prefix}${name}: ${problem}`];
    });
}

/** What is wrong with options that are each right. */
function combinationProblems(decorator: keyof typeof RULES, given: Options): string[] {
  if (decorator === 'CacheEvict') return evictProblems(given);
  const problems = freshnessProblems(given);
  if (decorator === 'CachePut' && given['key'] === undefined) {
    problems.push('there is no key; write the one under which others read what this method returns');
  }
  return problems;
}

/** What is wrong with options of a method taken together with those of its class. */
export function freshnessProblems(given: Options): string[] {
  // Whether the cache has a grace of its own is not known here.
  return optionConflicts(given, { grace: 'forever' }).map(({ message }) => message);
}

function evictProblems(given: Options): string[] {
  const narrow = ['key', 'tags'].filter((name) => given[name] !== undefined);
  const late = ['key', 'tags', 'condition'].filter((name) => isFromResult(given[name]));
  const problems: string[] = [];
  if (given['all'] === true && narrow.length > 0) {
    problems.push(`all: true evicts everything, and ${narrow.join(' and ')} would narrow it; write one or the other`);
  }
  if (given['all'] !== true && narrow.length === 0) {
    problems.push('nothing says what to evict; write key, tags or all: true');
  }
  if (given['beforeInvocation'] === true && late.length > 0) {
    problems.push(`there is no result before the invocation; make ${late.join(' and ')} a function of the arguments`);
  }
  return problems;
}

function unknownOption(name: string, known: readonly string[]): string {
  const [nearest] = nearestNames(name, known);
  return `${name}: there is no such option; ${nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${nearest}?`}`;
}

function nothingStored(given: unknown): string {
  return `given ${describeGiven(given)}, which stores nothing; remove the decorator, or let condition or unless decide`;
}

function rule(accepts: (given: unknown) => boolean, write: string): Rule {
  return (given) => (accepts(given) ? undefined : `given ${describeGiven(given)}; write ${write}`);
}

function isFunction(given: unknown): boolean {
  return typeof given === 'function';
}

function isFromResult(given: unknown): given is FromResult<unknown> {
  return given instanceof FromResult;
}

function isText(given: unknown): given is string {
  return typeof given === 'string' && given !== '';
}

function isListOfTexts(given: unknown): given is string[] {
  return Array.isArray(given) && given.every(isText);
}
