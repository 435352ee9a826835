import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { Duration } from '@nest-strata/core';
import { CacheService } from './cache.service.js';
import { CACHE_SETTINGS } from './cache.tokens.js';
import type { CacheDirectory } from './decorators/decorated-cache.js';
import { DuplicateCacheError } from './errors/duplicate-cache.error.js';
import type { NamedCacheOptions } from './options/cache-module-options.js';
import type { ResolvedSettings } from './options/resolved-settings.js';

/** The caches of the application by name, and the times to live that its settings give to names. */
@Injectable()
export class NamedCaches implements CacheDirectory, OnApplicationBootstrap {
  private readonly logger = new Logger(NamedCaches.name);
  private readonly caches = new Map<string, CacheService>();
  private readonly unusedTtls: Set<string>;

  constructor(
    readonly root: CacheService,
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
  ) {
    this.unusedTtls = new Set(settings.ttls.map(({ name }) => name));
    for (const { name, options } of settings.caches) this.declare(name, options);
  }

  /** Misspelt names would go unnoticed otherwise. */
  onApplicationBootstrap(): void {
    for (const name of this.unusedTtls) {
      this.logger.warn('a ttl is set for a name that no cache and no entity has', { name });
    }
  }

  find(name?: string): CacheService | undefined {
    return name === undefined ? this.root : this.caches.get(name);
  }

  names(): readonly string[] {
    return [...this.caches.keys()];
  }

  /** The time to live that the settings give to a cache or entity of that name, over what the code says. */
  ttlOf(name: string): Duration | undefined {
    const found = this.settings.ttls.find((override) => normalize(override.name) === normalize(name));
    if (found) this.unusedTtls.delete(found.name);
    return found?.ttl;
  }

  /**
   * Makes the cache of that name.
   *
   * @throws DuplicateCacheError when there is one
   * @throws InvalidCacheOptionsError
   */
  declare(name: string, options: NamedCacheOptions): CacheService {
    if (this.caches.has(name)) throw new DuplicateCacheError(name);
    const ttl = this.ttlOf(name);
    const cache = this.root.namespace(name, ttl === undefined ? options : { ...options, ttl });
    this.caches.set(name, cache);
    return cache;
  }
}

/** Names match whatever their case and punctuation: environment variables have neither. */
function normalize(name: string): string {
  return name.replace(/[^\p{Letter}\p{Number}]/gu, '').toLowerCase();
}
