import { Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { cacheConfigOf } from './cache-config.decorator.js';
import type { CacheDirectory, DecoratedCache } from './decorated-cache.js';
import { classNameOf, decoratedMethodsOf } from './decorated-method.js';
import type { Class, DecoratedMethod } from './decorated-method.js';
import { DuplicateDefaultKeyError } from './duplicate-default-key.error.js';
import type { MethodCall } from './method-call.js';
import { planMethod } from './method-plan.js';
import type { MethodPlan } from './method-plan.js';
import { runMethod } from './run-method.js';
import type { CacheAccess } from './run-method.js';
import { UnknownCacheError } from './unknown-cache.error.js';

type ClassPlan = Map<DecoratedMethod, MethodPlan>;

/**
 * What decorated methods are given to reach the caches of the application that their instance belongs to. CacheModule
 * provides it; decorators ask for it by themselves.
 */
export class CacheRuntime implements CacheAccess, OnModuleInit {
  readonly #logger = new Logger(CacheRuntime.name);
  readonly #caches: CacheDirectory;
  readonly #plans = new WeakMap<Class, ClassPlan>();
  readonly #ownerOfStem = new Map<string, { readonly concreteClass: Class; readonly method: DecoratedMethod }>();
  readonly #reported = new Set<string>();
  readonly #named: { readonly name: string | undefined; readonly place: string }[] = [];

  constructor(caches: CacheDirectory) {
    this.#caches = caches;
  }

  /**
   * Looks up every cache that a decorator names: now all modules have declared theirs.
   *
   * @throws UnknownCacheError
   */
  onModuleInit(): void {
    for (const { name, place } of this.#named) this.cache(name, place);
  }

  /**
   * Plans the decorated methods of a class, once. Nest makes the instances of most classes while it boots, so that what
   * is wrong with them ends the boot.
   *
   * @throws DuplicateDefaultKeyError
   */
  admit(concreteClass: Class): ClassPlan {
    const known = this.#plans.get(concreteClass);
    if (known) return known;
    const plans: ClassPlan = new Map();
    const names = new Set<string>();
    for (const method of decoratedMethodsOf(concreteClass)) {
      plans.set(method, this.#plan(concreteClass, method, names.has(method.name)));
      names.add(method.name);
    }
    this.#plans.set(concreteClass, plans);
    return plans;
  }

  /** Runs a call of a decorated method by the rules of its decorators. */
  async run(call: MethodCall): Promise<unknown> {
    const concreteClass = call.instance.constructor as Class;
    const plans = this.admit(concreteClass);
    let plan = plans.get(call.method);
    if (!plan) plans.set(call.method, (plan = this.#plan(concreteClass, call.method, true)));
    return runMethod(plan, call, this);
  }

  cache(name: string | undefined, place: string): DecoratedCache {
    const cache = this.#caches.find(name);
    if (!cache) throw new UnknownCacheError(place, name ?? 'default', this.#caches.names());
    return cache;
  }

  reportFault(place: string, error: unknown): void {
    const kind = `${place}: ${error instanceof Error ? error.name : typeof error}`;
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#logger.error(`${place} could not do its work on the cache; the method is not affected`, error);
  }

  /** @param isBorrowed whether instances of the class reach the method by `super` or a copy only, not by its plain name */
  #plan(concreteClass: Class, method: DecoratedMethod, isBorrowed: boolean): MethodPlan {
    const config = cacheConfigOf(concreteClass);
    const prefix = config.keyPrefix ?? classNameOf(concreteClass);
    const stem = isBorrowed ? `${prefix}/${method.label}` : `${prefix}.${method.name}`;
    const plan = planMethod(method, config, stem);
    for (const { caches, place } of [...plan.cacheables, ...plan.puts, ...plan.earlyEvicts, ...plan.lateEvicts]) {
      this.#named.push(...caches.map((name) => ({ name, place })));
    }
    for (const { caches } of plan.cacheables.filter(({ usesDefaultKey }) => usesDefaultKey)) {
      for (const name of caches) this.#claimStem(`${name ?? ''}\n${stem}`, stem, concreteClass, method);
    }
    return plan;
  }

  #claimStem(id: string, stem: string, concreteClass: Class, method: DecoratedMethod): void {
    const owner = this.#ownerOfStem.get(id);
    if (owner && (owner.concreteClass !== concreteClass || owner.method !== method)) {
      throw new DuplicateDefaultKeyError(stem);
    }
    this.#ownerOfStem.set(id, { concreteClass, method });
  }
}
