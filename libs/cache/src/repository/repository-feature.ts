import { Inject } from '@nestjs/common';
import type { InjectionToken, Type } from '@nestjs/common';
import type { CacheStrategy } from './cache-strategy.js';
import { labelOf } from './repository-label.js';

/** A repository that is to be cached, and how. */
export interface RepositoryFeature {
  /** The token under which the application injects the repository: its class, or `getRepositoryToken(Hero)` and the like. */
  readonly repository: InjectionToken;
  /** Is made by Nest: its constructor may inject what is global. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each feature of the list has an entity of its own
  readonly strategy: Type<CacheStrategy<any, any>>;
  /** The named cache that keeps the entities. Default: the application's cache. */
  readonly cache?: string;
}

/** The token of the {@link CachedRepository} in front of this repository, to override it in a test. */
export function getCachedRepositoryToken(repository: InjectionToken): string {
  return `CachedRepository:${labelOf(repository)}`;
}

/** Injects the {@link CachedRepository} in front of this repository, where its `CacheModule.forFeature` is imported. */
export function InjectCachedRepository(repository: InjectionToken): ParameterDecorator & PropertyDecorator {
  return Inject(getCachedRepositoryToken(repository));
}
