import type { Duration } from '@nest-strata/core';
import { keyOfArguments } from '@nest-strata/engine';
import type { EntryOptions, LoadOptions, SourceVersion } from '@nest-strata/engine';
import type { CacheableOptions, CachePutOptions } from './decorator-options.js';
import { DefaultKeyError } from './default-key.error.js';
import { FromResult } from './from-result.js';
import type { MethodCall } from './method-call.js';
import { DURATION, FLAG, KEY, PlannedOption, TAGS, VERSION } from './planned-option.js';
import type { Outcome } from './planned-option.js';

/** The options that may change once the result is known. */
export type Adaptation = Pick<EntryOptions, 'ttl' | 'negativeTtl' | 'tags' | 'version'>;

const STORED = ['memoryTtl', 'jitter', 'grace', 'staleWhileRevalidate', 'negativeTtl', 'slidingTtl'] as const;
const LOADED = [
  'refreshAhead',
  'earlyRefresh',
  'softTimeout',
  'hardTimeout',
  'lockTimeout',
  'onLockTimeout',
  'errorTtl',
  'retryAfter',
] as const;

/** A `@Cacheable` or a `@CachePut`, with the defaults of its class filled in. */
export class StoreOperation {
  /** For messages: `@Cacheable on HeroService.find`. */
  readonly place: string;
  readonly caches: readonly (string | undefined)[];
  readonly #stem: string;
  readonly #fixed: EntryOptions;
  readonly #load: LoadOptions;
  readonly #key: PlannedOption<string> | undefined;
  readonly #condition: PlannedOption<boolean>;
  readonly #unless: PlannedOption<boolean>;
  readonly #tags: PlannedOption<readonly string[]> | undefined;
  readonly #ttl: PlannedOption<Duration> | undefined;
  readonly #version: PlannedOption<SourceVersion | undefined> | undefined;
  readonly #fallback: CacheableOptions['fallback'];

  /** @param stem what default keys begin with */
  constructor(place: string, stem: string, options: Partial<CachePutOptions> | CacheableOptions) {
    const { key, condition = true, unless = false, tags, ttl, version } = options;
    this.place = place;
    this.caches = [options.cache].flat();
    this.#stem = stem;
    this.#key = key && new PlannedOption(place, 'key', key, KEY);
    this.#condition = new PlannedOption(place, 'condition', condition, FLAG);
    this.#unless = new PlannedOption(place, 'unless', ofResult(unless), FLAG);
    this.#tags = tags && new PlannedOption(place, 'tags', tags, TAGS);
    this.#ttl = ttl && new PlannedOption(place, 'ttl', ofResult(ttl), DURATION);
    this.#version = version && new PlannedOption(place, 'version', ofResult(version), VERSION);
    this.#fallback = 'fallback' in options ? options.fallback : undefined;
    this.#fixed = Object.freeze({
      ...(typeof ttl === 'string' && { ttl }),
      ...(Array.isArray(tags) && { tags }),
      ...pick(options, STORED),
    });
    this.#load = Object.freeze({ ...this.#fixed, ...pick(options as CacheableOptions, LOADED) });
  }

  /** Whether keys are made of the stem and the arguments. */
  get usesDefaultKey(): boolean {
    return this.#key === undefined;
  }

  /** Whether the condition may hold, as far as can be told before the method runs. */
  mayApply(call: MethodCall): boolean {
    return this.#condition.dependsOn === 'result' || this.#condition.evaluate(call);
  }

  /** Whether the condition holds. */
  applies(call: MethodCall, outcome?: Outcome): boolean {
    return this.#condition.evaluate(call, outcome);
  }

  /** @throws DefaultKeyError when there is no key function, and the arguments cannot be told from others */
  key(call: MethodCall, outcome?: Outcome): string {
    return this.#key ? this.#key.evaluate(call, outcome) : this.#defaultKey(call.args);
  }

  /** How to read and load the result. */
  loadOptions(call: MethodCall): LoadOptions {
    const fallback = this.#fallback;
    if (fallback === undefined && this.#tags?.dependsOn !== 'arguments') return this.#load;
    return {
      ...this.#load,
      ...this.entryOptions(call),
      ...(fallback && { fallback: (error: unknown) => fallback.apply(call.instance, [error, ...call.args]) }),
    };
  }

  /** How to keep the result, as far as can be told before the method runs. */
  entryOptions(call: MethodCall): EntryOptions {
    if (this.#tags?.dependsOn !== 'arguments') return this.#fixed;
    return { ...this.#fixed, tags: this.#tags.evaluate(call) };
  }

  /** What the result changes about how to keep it; `undefined` when it is not to be stored. */
  adaptation(call: MethodCall, outcome: Outcome): Adaptation | undefined {
    if (this.#unless.evaluate(call, outcome)) return undefined;
    return {
      ...this.#ttlOf(call, outcome),
      ...(this.#tags?.dependsOn === 'result' && { tags: this.#tags.evaluate(call, outcome) }),
      ...this.#versionOf(call, outcome),
    };
  }

  /** A function that has seen the result decides, whatever the ttl of nothing. */
  #ttlOf(call: MethodCall, outcome: Outcome): Pick<EntryOptions, 'ttl' | 'negativeTtl'> {
    if (this.#ttl?.dependsOn !== 'result') return {};
    const ttl = this.#ttl.evaluate(call, outcome);
    return { ttl, negativeTtl: ttl };
  }

  #versionOf(call: MethodCall, outcome: Outcome): Pick<EntryOptions, 'version'> {
    const version = this.#version?.evaluate(call, outcome);
    return version === undefined ? {} : { version };
  }

  #defaultKey(args: readonly unknown[]): string {
    try {
      return `${this.#stem}:${keyOfArguments(args)}`;
    } catch (cause) {
      throw new DefaultKeyError(this.place, cause as Error);
    }
  }
}

/** The options of these names that are given. */
function pick<T extends object, Name extends keyof T>(options: T, names: readonly Name[]): Pick<T, Name> {
  const given = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return Object.fromEntries(given) as Pick<T, Name>;
}

/** Marks a function of the result as such; `unless`, `ttl` and `version` take nothing else. */
function ofResult(option: unknown): unknown {
  return typeof option === 'function' ? new FromResult(option) : option;
}
