import type { CacheableOptions, CacheEvictOptions, CachePutOptions } from './decorator-options.js';

/** One caching rule of a method, as a decorator declared it. */
export type CacheOperation =
  | { readonly decorator: 'Cacheable'; readonly options: CacheableOptions }
  | { readonly decorator: 'CachePut'; readonly options: CachePutOptions }
  | { readonly decorator: 'CacheEvict'; readonly options: CacheEvictOptions };

/** How a method answers: with a Promise, or with an Observable. */
export type ReturnKind = 'promise' | 'observable';

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- a class, whatever its constructor takes
export type Class = Function & { readonly prototype: object };

/** Any method, called with what it is called with. */
export type AnyMethod = (this: object, ...args: unknown[]) => unknown;

const methodsByPrototype = new WeakMap<object, DecoratedMethod[]>();

/** A method with caching decorators: what they declared, and the method that they wrap. */
export class DecoratedMethod {
  readonly #operations: CacheOperation[] = [];

  /** @param prototype the prototype on which the method is declared */
  constructor(
    readonly prototype: object,
    readonly name: string,
    readonly original: AnyMethod,
    readonly returnKind: ReturnKind,
  ) {
    const siblings = methodsByPrototype.get(prototype);
    if (siblings) siblings.push(this);
    else methodsByPrototype.set(prototype, [this]);
  }

  /** The class that declares it. */
  get declaringClass(): Class {
    return this.prototype.constructor;
  }

  /** `HeroService.find`. */
  get label(): string {
    return `${classNameOf(this.declaringClass)}.${this.name}`;
  }

  /** The rules of all its decorators, in the order of the source, top down. */
  get operations(): readonly CacheOperation[] {
    return this.#operations;
  }

  /** Adds the rules of one more decorator. It stands above those before it: decorators are applied bottom up. */
  declare(operations: readonly CacheOperation[]): void {
    this.#operations.unshift(...operations);
  }
}

/** The decorated methods of a class and of the classes that it extends, its own first. */
export function decoratedMethodsOf(concreteClass: Class): DecoratedMethod[] {
  const methods: DecoratedMethod[] = [];
  for (let prototype = concreteClass.prototype as object | null; prototype; prototype = prototypeOf(prototype)) {
    methods.push(...(methodsByPrototype.get(prototype) ?? []));
  }
  return methods;
}

/** The name of a class; when it has none, that of its nearest ancestor with a name. */
export function classNameOf(anyClass: Class): string {
  for (let named: object | null = anyClass; typeof named === 'function'; named = prototypeOf(named)) {
    if (named.name !== '') return named.name;
  }
  return 'AnonymousClass';
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}
