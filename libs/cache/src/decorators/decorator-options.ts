import type { Duration } from '@nest-strata/core';
import type { SourceVersion } from '@nest-strata/engine';
import type { FreshnessOptions } from '../options/freshness-options.js';
import type { FromResult } from './from-result.js';

/** A function of the method's arguments. Its `this` is the instance that the method was called on. */
type ByArguments<Args extends unknown[], T> = (...args: Args) => T;

/** A function of the method's result and arguments. Its `this` is the instance that the method was called on. */
type ByResult<Args extends unknown[], Result, T> = (result: Result, ...args: Args) => T;

/** What is known before the method runs, or derived from its result with {@link fromResult}. */
type ByEither<Args extends unknown[], Result, T> = ByArguments<Args, T> | FromResult<ByResult<Args, Result, T>>;

/** What every decorator takes. */
interface CacheNameOption {
  /** The name of the cache, or of several. Default: the one that `@CacheConfig` names, else the module's default cache. */
  readonly cache?: string | readonly string[];
}

/** What of {@link FreshnessOptions} an entry gets when it is stored. */
type StoredFreshness = Pick<FreshnessOptions, 'grace' | 'staleWhileRevalidate' | 'negativeTtl' | 'slidingTtl'>;

/** What the decorators that store results take. What is left out is as in the cache. */
interface StoreOptions<Args extends unknown[], Result> extends CacheNameOption, StoredFreshness {
  /** How long the result stays fresh, or a function that tells it from the result. Default: the cache's own. */
  readonly ttl?: Duration | ByResult<Args, Result, Duration>;
  /** How long the memory tier may keep its copy; never longer than `ttl`, and than the cache's `memory.ttl`, its default. */
  readonly memoryTtl?: Duration;
  /** The share of `ttl` by which it is shortened at random, in [0, 1). Default: the cache's own. */
  readonly jitter?: number;
  /** Labels to invalidate by. Those that the arguments tell cost less than those from the result. Default: none. */
  readonly tags?: readonly string[] | ByEither<Args, Result, readonly string[]>;
  /**
   * The result's version at its source, such as a row's version column or its time of change: a result with a lower one
   * than is stored is not stored. Default: none, and the last to be stored counts.
   */
  readonly version?: ByResult<Args, Result, SourceVersion | undefined>;
  /** `true`: the result is returned and not stored. Default: all results are stored, `null` and `undefined` too. */
  readonly unless?: ByResult<Args, Result, boolean>;
}

/**
 * Options of `@Cacheable`. What is left out of {@link FreshnessOptions} is as in the cache.
 *
 * @typeParam Fallback what the fallback may return
 */
export interface CacheableOptions<Args extends unknown[] = unknown[], Result = unknown, Fallback = Result>
  extends StoreOptions<Args, Result>, FreshnessOptions {
  /** The result's key. Default: the class, the method and all arguments, as in `HeroService.find:1,"en"`. */
  readonly key?: ByArguments<Args, string>;
  /** `false`: this call neither reads nor writes the cache, and no key is computed. Default: `true`. */
  readonly condition?: ByArguments<Args, boolean>;
  /**
   * Gives a result when the method failed, or took longer than `hardTimeout`, and there is no stale copy. It is not
   * stored. Default: the callers get the error.
   */
  readonly fallback?: (error: unknown, ...args: Args) => Fallback;
}

/** Options of `@CachePut`. All are evaluated after the method has run. */
export interface CachePutOptions<Args extends unknown[] = unknown[], Result = unknown> extends StoreOptions<
  Args,
  Result
> {
  /** What to store the result under. There is no default: nobody reads a key that bears this method's name. */
  readonly key: ByEither<Args, Result, string>;
  /** `false`: the result is not stored. Default: `true`. */
  readonly condition?: ByEither<Args, Result, boolean>;
}

/** Options of `@CacheEvict`: at least one of `key`, `tags` and `all` says what to evict. */
export interface CacheEvictOptions<Args extends unknown[] = unknown[], Result = unknown> extends CacheNameOption {
  /** The key to evict, or several. */
  readonly key?: ByEither<Args, Result, string | readonly string[]>;
  /** Evicts every entry that carries one of these tags. */
  readonly tags?: readonly string[] | ByEither<Args, Result, readonly string[]>;
  /** `true`: evicts everything in the cache; excludes `key` and `tags`. Default: `false`. */
  readonly all?: boolean;
  /** `false`: this call evicts nothing. Default: `true`. */
  readonly condition?: ByEither<Args, Result, boolean>;
  /**
   * `true`: evicts before the method runs, and so even when it throws; nothing can then be derived from the result.
   * Default `false`: evicts once the method has succeeded.
   */
  readonly beforeInvocation?: boolean;
}

type OneOrMore<T> = T | readonly T[];

/** Options of `@Caching`: at least one rule. */
export interface CachingOptions<Args extends unknown[] = unknown[], Result = unknown> {
  readonly cacheable?: OneOrMore<CacheableOptions<Args, Result>>;
  readonly put?: OneOrMore<CachePutOptions<Args, Result>>;
  readonly evict?: OneOrMore<CacheEvictOptions<Args, Result>>;
}

/** Options of `@CacheConfig`: defaults for the decorated methods of a class and of its subclasses. */
export interface CacheConfigOptions extends FreshnessOptions {
  /** The name of the cache, or of several. Default: the module's default cache. */
  readonly cache?: string | readonly string[];
  /** How long results stay fresh. Default: the cache's own. */
  readonly ttl?: Duration;
  /** How long the memory tier may keep its copies; never longer than `ttl`, and than the cache's `memory.ttl`, its default. */
  readonly memoryTtl?: Duration;
  /** The share of `ttl` by which it is shortened at random, in [0, 1). Default: the cache's own. */
  readonly jitter?: number;
  /** Labels of every result; a method's own tags replace them. Default: none. */
  readonly tags?: readonly string[];
  /** What stands for the name of the class in default keys. Default: that name. */
  readonly keyPrefix?: string;
}
