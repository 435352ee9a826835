import { Injectable } from '@nestjs/common';
import type { InjectionToken } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { nearestNames } from '../options/nearest-names.js';
import { UncacheableRepositoryError } from './errors/uncacheable-repository.error.js';
import { labelOf } from './repository-label.js';

/** Finds the objects that an application injects. */
@Injectable()
export class RepositoryInstances {
  constructor(private readonly modules: ModulesContainer) {}

  /**
   * The objects under a token: one for each module that provides it.
   *
   * @throws UncacheableRepositoryError when there is none, or when there is one for each request or injection
   */
  of(token: InjectionToken): [object, ...object[]] {
    const label = labelOf(token);
    const wrappers = [...this.modules.values()].flatMap(({ providers }) => providers.get(token) ?? []);
    if (wrappers.length === 0) {
      const problem = `no module provides it. List it among the providers of one.${this.#nearest(label)}`;
      throw new UncacheableRepositoryError(label, problem);
    }
    for (const wrapper of wrappers) {
      if (wrapper.isTransient) throw new UncacheableRepositoryError(label, `it is transient. ${SINGLETON_ADVICE}`);
      if (!wrapper.isDependencyTreeStatic()) {
        throw new UncacheableRepositoryError(label, `it is made anew for each request. ${SINGLETON_ADVICE}`);
      }
    }
    const [first, ...others] = new Set<unknown>(wrappers.map(({ instance }): unknown => instance));
    if (isObject(first) && others.every(isObject)) return [first, ...others];
    throw new UncacheableRepositoryError(label, 'what is provided under its token is no object with methods.');
  }

  /** Every object that the application injects. */
  *all(): Iterable<object> {
    for (const { providers } of this.modules.values()) {
      for (const { instance } of providers.values()) {
        if (isObject(instance)) yield instance;
      }
    }
  }

  #nearest(label: string): string {
    const known = [...this.modules.values()].flatMap(({ providers }) => [...providers.keys()].map(labelOf));
    const [nearest] = nearestNames(label, known);
    return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  }
}

const SINGLETON_ADVICE =
  'What it returns may depend on the request, and a cache that all requests share would give it to others. Give it, and ' +
  'what it injects, the default scope, and pass what depends on the request as an argument.';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
