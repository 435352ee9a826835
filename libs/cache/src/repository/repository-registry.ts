import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { CACHE_SETTINGS } from '../cache.tokens.js';
import { NamedCaches } from '../named-caches.js';
import type { ResolvedSettings } from '../options/resolved-settings.js';
import { EvictionOutboxes } from '../outbox/eviction-outboxes.js';
import { BoundRepository } from './bound-repository.js';
import { CacheByName } from './cache-by-name.js';
import type { CacheStrategy } from './cache-strategy.js';
import { CachedRepository } from './cached-repository.js';
import { DuplicateCacheStrategyError } from './errors/duplicate-cache-strategy.error.js';
import { InvalidCacheStrategyError } from './errors/invalid-cache-strategy.error.js';
import type { EntityId } from './key-part.js';
import { PlainRows } from './plain-rows.js';
import { PlainWrites } from './plain-writes.js';
import type { RepositoryFeature } from './repository-feature.js';
import { RepositoryInstances } from './repository-instances.js';
import { labelOf } from './repository-label.js';
import { findMethods, methodNames } from './repository-methods.js';
import { BehindWrites } from './behind-writes.js';
import type { SaveEntity } from './behind-writes.js';
import { runWithin } from './calls-within.js';
import type { RepositoryMethods } from './repository-methods.js';
import { LateRows } from './row-source.port.js';
import { entityNameOf, strategyProblems } from './strategy-rules.js';
import { findTypeOrmAdapter } from './typeorm/typeorm.adapter.js';

type Strategy = CacheStrategy<object, EntityId>;

interface Declaration {
  readonly feature: RepositoryFeature;
  readonly strategy: Strategy;
  readonly cache: CacheByName;
  readonly cached: CachedRepository<object, EntityId>;
  readonly rows: LateRows<object, EntityId>;
}

/**
 * The cached repositories of an application. They are declared while Nest makes the providers, and led through the cache
 * once all providers are made, before the `onModuleInit` of modules that are not global.
 */
@Injectable()
export class RepositoryRegistry implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('CachedRepository');
  private readonly declarations: Declaration[] = [];
  private readonly bound: { release(): void }[] = [];
  private isStarted = false;

  constructor(
    private readonly instances: RepositoryInstances,
    private readonly caches: NamedCaches,
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
    private readonly outboxes: EvictionOutboxes,
  ) {}

  /**
   * Makes the cache in front of one repository.
   *
   * @throws InvalidCacheStrategyError, DuplicateCacheStrategyError
   */
  declare(feature: RepositoryFeature, strategy: Strategy): CachedRepository<object, EntityId> {
    const problems = strategyProblems(strategy);
    if (this.isStarted) problems.push('its module was loaded lazily, too late to lead calls through the cache');
    if (problems.length > 0) throw new InvalidCacheStrategyError(nameOf(strategy), problems);

    const name = entityNameOf(strategy);
    this.refuseDuplicate(feature, strategy, name);
    const cache = new CacheByName(this.caches, feature.cache);
    const rows = new LateRows<object, EntityId>();
    const ttl = this.caches.ttlOf(name) ?? strategy.ttl;
    const cached = new CachedRepository({ cache, strategy, name, ttl, rows, types: this.settings.cache.types });
    this.declarations.push({ feature, strategy, cache, cached, rows });
    return cached;
  }

  async onModuleInit(): Promise<void> {
    this.isStarted = true;
    try {
      for (const declaration of this.declarations) this.bind(declaration);
      await this.outboxes.prepare();
    } catch (error) {
      // An application that does not boot is not shut down either.
      this.onApplicationShutdown();
      throw error;
    }
  }

  onApplicationShutdown(): void {
    for (const bound of this.bound.splice(0).reverse()) bound.release();
  }

  /** @throws UncacheableRepositoryError, InvalidCacheStrategyError */
  private bind({ feature, strategy, cache, cached, rows }: Declaration): void {
    const label = labelOf(feature.repository);
    if (!cache.isDeclared) {
      const problem = `there is no cache '${String(feature.cache)}'; declare it in CacheModule.forRoot or forFeature`;
      throw new InvalidCacheStrategyError(`${nameOf(strategy)} for ${label}`, [problem]);
    }
    const repositories = this.instances.of(feature.repository);
    let behind: BehindWrites<object, EntityId> | undefined;
    const writeBehind =
      strategy.write === 'behind'
        ? (save: SaveEntity<object>) => (behind ??= new BehindWrites(cache.engine, cached, strategy, save))
        : undefined;
    const adapter = findTypeOrmAdapter({
      repository: repositories[0],
      strategy,
      cached,
      cacheName: feature.cache,
      outboxes: this.outboxes,
      others: this.instances.all(),
    });
    if (adapter !== undefined) this.bound.push(adapter);
    for (const repository of repositories) {
      const { methods, problems } = findMethods(strategy, methodNames(repository), adapter?.hasFinders === true);
      if (problems.length > 0) throw new InvalidCacheStrategyError(`${nameOf(strategy)} for ${label}`, problems);
      rows.source ??= adapter?.rows ?? new PlainRows(strategy, repository, methods, cached);
      const problem = writeModeProblem(strategy, methods, adapter !== undefined);
      if (problem !== undefined) throw new InvalidCacheStrategyError(`${nameOf(strategy)} for ${label}`, [problem]);
      cached.reload ??= reloadOf(repository, methods, rows, cached);
      const writes = new PlainWrites(cached, strategy, rows);
      this.bound.push(new BoundRepository(repository, { label, cached, methods, writes, adapter, writeBehind }));
    }
    this.logger.log('a repository is cached', {
      repository: label,
      as: cached.name,
      writesSeenBy: adapter?.name ?? 'methods',
    });
    if (this.settings.outbox !== undefined && adapter?.isDurable !== true) {
      this.logger.warn('the outbox does not cover a repository that is not one of TypeORM on PostgreSQL', {
        repository: label,
      });
    }
  }

  private refuseDuplicate({ repository }: RepositoryFeature, strategy: Strategy, name: string): void {
    for (const other of this.declarations) {
      const pair = [nameOf(other.strategy), nameOf(strategy)] as const;
      if (other.feature.repository === repository) {
        throw DuplicateCacheStrategyError.ofRepository(labelOf(repository), ...pair);
      }
      if (other.cached.name === name) throw DuplicateCacheStrategyError.ofEntity(name, ...pair);
    }
  }
}

function nameOf(strategy: Strategy): string {
  return strategy.constructor.name;
}

/** Reads one entity as callers of the repository get it: by its own method, where it has one. */
function reloadOf(
  repository: object,
  { byId }: RepositoryMethods<object, EntityId>,
  rows: LateRows<object, EntityId>,
  cached: object,
): (id: EntityId) => Promise<object | null | undefined> {
  if (byId === undefined) return async (id) => (await rows.load([id]))?.[0] ?? null;
  type ById = Record<string, (id: EntityId) => Promise<object | null | undefined>>;
  return async (id) => runWithin(cached, () => (repository as ById)[byId]?.(id));
}

/** Why a repository cannot write as its strategy says; `undefined`: it can. */
function writeModeProblem(
  { write }: Strategy,
  { byId, conventionalWrites }: RepositoryMethods<object, EntityId>,
  hasAdapter: boolean,
): string | undefined {
  if (write === 'through' && byId === undefined && !hasAdapter) {
    return "write is 'through', but no method of the repository reads by id; name one as reads = { byId: '…' }";
  }
  if (write === 'behind' && !conventionalWrites.has('save')) {
    return "write is 'behind', but the repository has no method save(entity); write 'evict' or 'through'";
  }
  return undefined;
}
