import { StrataError } from '@nest-strata/core';

/** Two strategies of one application are for the same repository, or for entities of the same name. */
export class DuplicateCacheStrategyError extends StrataError {
  readonly code = 'DUPLICATE_CACHE_STRATEGY';

  static ofRepository(repository: string, ...strategies: readonly string[]): DuplicateCacheStrategyError {
    return new DuplicateCacheStrategyError(strategies, `the repository ${repository}`, 'Give it one of them.');
  }

  static ofEntity(entity: string, ...strategies: readonly string[]): DuplicateCacheStrategyError {
    const advice = `Their entries would get the same keys. Set \`name\` in one of them to another than '${entity}'.`;
    return new DuplicateCacheStrategyError(strategies, `the entity '${entity}'`, advice);
  }

  private constructor(
    readonly strategies: readonly string[],
    shared: string,
    advice: string,
  ) {
    super(`${strategies.join(' and ')} are both for ${shared}. ${advice}`);
  }
}
