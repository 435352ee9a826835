import type { Observable } from 'rxjs';
import type { CacheableOptions, CacheEvictOptions, CachePutOptions, CachingOptions } from './decorator-options.js';

/** A method that can be decorated: one that answers later, since a cache may have to be asked first. */
export type CachedMethod = (...args: never) => Promise<unknown> | Observable<unknown>;

/** What a {@link CachedMethod} promises, or emits. */
type ResultOf<M extends CachedMethod> = ReturnType<M> extends Observable<infer Value> ? Value : Awaited<ReturnType<M>>;

/** The options of each decorator, on a method with the parameters `Args` and the result `Result`. */
interface OptionsByDecorator<Args extends unknown[], Result> {
  Cacheable: CacheableOptions<Args, Result>;
  CachePut: CachePutOptions<Args, Result>;
  CacheEvict: CacheEvictOptions<Args, Result>;
  Caching: CachingOptions<Args, Result>;
}

/** The decorators of methods, by name. */
export type MethodDecoratorName = keyof OptionsByDecorator<unknown[], unknown>;

/**
 * The decorator that options of type `Given` make. It accepts the methods that they fit: no function among the options
 * takes a parameter that the method lacks, or one of another type, or a result that the method does not return.
 *
 * `descriptor` is optional only so that `applyDecorators` accepts the decorator.
 */
export type CacheDecorator<Name extends MethodDecoratorName, Given> = <M extends CachedMethod>(
  target: object,
  propertyKey: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & Fit<Given, OptionsByDecorator<Parameters<M>, ResultOf<M>>[Name]>,
) => void;

type Fit<Given, Expected> = Given extends Expected ? unknown : Misfit<MisfitNames<Given, Expected>>;

/** What the compiler shows when options and method disagree. */
interface Misfit<Option> {
  readonly 'This option does not fit the parameters or the result of the method:': Option;
}

type MisfitNames<Given, Expected> = {
  [K in keyof Given]: K extends keyof Expected ? (Given[K] extends Expected[K] ? never : K) : K;
}[keyof Given];

/**
 * Options of a decorator whose method is not known yet. A function among them has two possible signatures, so that the
 * compiler infers none and asks for the types of its parameters (as far as `noImplicitAny` is on).
 */
export type OfSomeMethod<Options> = {
  readonly [K in keyof Options]: Options[K] | SecondSignature<Extract<Options[K], (...args: never) => unknown>>;
};

type SecondSignature<F> = F extends (...args: never) => infer T ? (first: unknown, ...rest: never[]) => T : never;

/** {@link CachingOptions} of a method that is not known yet. */
export interface CachingOfSomeMethod {
  readonly cacheable?: OneOrMoreOfSomeMethod<CacheableOptions<never[], never, unknown>>;
  readonly put?: OneOrMoreOfSomeMethod<CachePutOptions<never[], never>>;
  readonly evict?: OneOrMoreOfSomeMethod<CacheEvictOptions<never[], never>>;
}

type OneOrMoreOfSomeMethod<Options> = OfSomeMethod<Options> | readonly OfSomeMethod<Options>[];

/** `Given`, where every option that `Known` lacks is a compile error. */
export type OnlyKnown<Given, Known> = Given & Record<Exclude<keyof Given, keyof Known>, never>;
