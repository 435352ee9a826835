import type { Duration } from '@nest-strata/core';
import { keyOfArguments } from '@nest-strata/engine';
import type { EntryOptions } from '@nest-strata/engine';
import type { CachePutOptions } from './decorator-options.js';
import { DefaultKeyError } from './default-key.error.js';
import { FromResult } from './from-result.js';
import type { MethodCall } from './method-call.js';
import { DURATION, FLAG, KEY, PlannedOption, TAGS } from './planned-option.js';
import type { Outcome } from './planned-option.js';

/** The options that may change once the result is known. */
export type Adaptation = Pick<EntryOptions, 'ttl' | 'tags'>;

/** A `@Cacheable` or a `@CachePut`, with the defaults of its class filled in. */
export class StoreOperation {
  /** For messages: `@Cacheable on HeroService.find`. */
  readonly place: string;
  readonly caches: readonly (string | undefined)[];
  readonly #stem: string;
  readonly #fixed: EntryOptions;
  readonly #key: PlannedOption<string> | undefined;
  readonly #condition: PlannedOption<boolean>;
  readonly #unless: PlannedOption<boolean>;
  readonly #tags: PlannedOption<readonly string[]> | undefined;
  readonly #ttl: PlannedOption<Duration> | undefined;

  /** @param stem what default keys begin with */
  constructor(place: string, stem: string, options: Partial<CachePutOptions>) {
    const { key, condition = true, unless = false, tags, ttl } = options;
    this.place = place;
    this.caches = [options.cache].flat();
    this.#stem = stem;
    this.#key = key && new PlannedOption(place, 'key', key, KEY);
    this.#condition = new PlannedOption(place, 'condition', condition, FLAG);
    this.#unless = new PlannedOption(place, 'unless', ofResult(unless), FLAG);
    this.#tags = tags && new PlannedOption(place, 'tags', tags, TAGS);
    this.#ttl = ttl && new PlannedOption(place, 'ttl', ofResult(ttl), DURATION);
    this.#fixed = Object.freeze({
      ...(typeof ttl === 'string' && { ttl }),
      ...(options.memoryTtl !== undefined && { memoryTtl: options.memoryTtl }),
      ...(options.jitter !== undefined && { jitter: options.jitter }),
      ...(Array.isArray(tags) && { tags }),
    });
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

  /** How to keep the result, as far as can be told before the method runs. */
  entryOptions(call: MethodCall): EntryOptions {
    if (this.#tags?.dependsOn !== 'arguments') return this.#fixed;
    return { ...this.#fixed, tags: this.#tags.evaluate(call) };
  }

  /** What the result changes about how to keep it; `undefined` when it is not to be stored. */
  adaptation(call: MethodCall, outcome: Outcome): Adaptation | undefined {
    if (this.#unless.evaluate(call, outcome)) return undefined;
    return {
      ...(this.#ttl?.dependsOn === 'result' && { ttl: this.#ttl.evaluate(call, outcome) }),
      ...(this.#tags?.dependsOn === 'result' && { tags: this.#tags.evaluate(call, outcome) }),
    };
  }

  #defaultKey(args: readonly unknown[]): string {
    try {
      return `${this.#stem}:${keyOfArguments(args)}`;
    } catch (cause) {
      throw new DefaultKeyError(this.place, cause as Error);
    }
  }
}

/** Marks a function of the result as such; `unless` and `ttl` take nothing else. */
function ofResult(option: unknown): unknown {
  return typeof option === 'function' ? new FromResult(option) : option;
}
