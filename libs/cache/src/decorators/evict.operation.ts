import type { CacheEvictOptions } from './decorator-options.js';
import type { MethodCall } from './method-call.js';
import { FLAG, KEYS, PlannedOption, TAGS } from './planned-option.js';
import type { Outcome } from './planned-option.js';

/** What one call evicts. */
export type EvictTarget = 'all' | { readonly keys: readonly string[]; readonly tags: readonly string[] };

/** A `@CacheEvict`, with the defaults of its class filled in. */
export class EvictOperation {
  /** For messages: `@CacheEvict on HeroService.remove`. */
  readonly place: string;
  readonly caches: readonly (string | undefined)[];
  readonly #all: boolean;
  readonly #keys: PlannedOption<string | readonly string[]>;
  readonly #tags: PlannedOption<readonly string[]>;
  readonly #condition: PlannedOption<boolean>;

  constructor(place: string, options: CacheEvictOptions) {
    const { key = [], tags = [], all = false, condition = true } = options;
    this.place = place;
    this.caches = [options.cache].flat();
    this.#all = all;
    this.#keys = new PlannedOption(place, 'key', key, KEYS);
    this.#tags = new PlannedOption(place, 'tags', tags, TAGS);
    this.#condition = new PlannedOption(place, 'condition', condition, FLAG);
  }

  /** Whether the condition holds. */
  applies(call: MethodCall, outcome?: Outcome): boolean {
    return this.#condition.evaluate(call, outcome);
  }

  target(call: MethodCall, outcome?: Outcome): EvictTarget {
    if (this.#all) return 'all';
    return { keys: [this.#keys.evaluate(call, outcome)].flat(), tags: this.#tags.evaluate(call, outcome) };
  }
}
