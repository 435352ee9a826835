import type { FactoryProvider, Type } from '@nestjs/common';
import { describeGiven } from '../options/describe-given.js';
import type { CacheStrategy } from './cache-strategy.js';
import type { CachedRepository } from './cached-repository.js';
import { DuplicateCacheStrategyError } from './errors/duplicate-cache-strategy.error.js';
import { InvalidCacheStrategyError } from './errors/invalid-cache-strategy.error.js';
import { UncacheableRepositoryError } from './errors/uncacheable-repository.error.js';
import type { EntityId } from './key-part.js';
import { getCachedRepositoryToken } from './repository-feature.js';
import type { RepositoryFeature } from './repository-feature.js';
import { labelOf } from './repository-label.js';
import { RepositoryRegistry } from './repository-registry.js';
import { suggest } from './strategy-rules.js';

const OPTIONS = ['repository', 'strategy', 'cache'];

/**
 * What Nest makes for features: the strategies, and each {@link CachedRepository} under its token.
 *
 * @throws UncacheableRepositoryError, InvalidCacheStrategyError for a feature that lacks one of the two
 * @throws DuplicateCacheStrategyError for two features of one repository
 */
export function repositoryProviders(features: readonly RepositoryFeature[]): {
  readonly strategies: readonly Type<object>[];
  readonly repositories: readonly FactoryProvider<CachedRepository<object, EntityId>>[];
} {
  features.forEach(check);
  for (const [at, { repository, strategy }] of features.entries()) {
    const former = features.slice(0, at).find((other) => other.repository === repository);
    if (former) {
      throw DuplicateCacheStrategyError.ofRepository(labelOf(repository), former.strategy.name, strategy.name);
    }
  }
  const repositories = features.map((feature) => ({
    provide: getCachedRepositoryToken(feature.repository),
    inject: [RepositoryRegistry, feature.strategy],
    useFactory: (registry: RepositoryRegistry, strategy: CacheStrategy<object, EntityId>) =>
      registry.declare(feature, strategy),
  }));
  return { strategies: features.map(({ strategy }) => strategy), repositories };
}

function check(feature: Partial<RepositoryFeature>): void {
  const { repository, strategy } = feature;
  if (repository === undefined) {
    const problem =
      'its token is undefined. Do two files import each other? Break the circle, or use a string as the token.';
    throw new UncacheableRepositoryError('A repository of CacheModule.forFeature', problem);
  }
  if (typeof strategy !== 'function') {
    const problem = `strategy is ${describeGiven(strategy)}; write a class that extends CacheStrategy`;
    throw new InvalidCacheStrategyError(`The strategy for ${labelOf(repository)}`, [problem]);
  }
  const unknown = Object.keys(feature).filter((name) => !OPTIONS.includes(name));
  if (unknown.length > 0) {
    const problems = unknown.map((name) => `${name} is unknown${suggest(name, OPTIONS)}`);
    throw new InvalidCacheStrategyError(`The feature for ${labelOf(repository)}`, problems);
  }
}
