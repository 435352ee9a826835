import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { checkTags } from '../entry/resolve-entry-options.js';
import { encodeSourceVersion } from '../entry/source-version.js';
import type { SourceVersion } from '../entry/source-version.js';
import type { LoadContext } from './loader.js';
import { NothingToRenewError } from './nothing-to-renew.error.js';

/** What a loader returns in the place of a value that has not changed. */
export const NOT_MODIFIED = Symbol('not modified');

/** A {@link LoadContext} that knows what the loader made of the entry's options. */
export class AdaptableLoadContext implements LoadContext {
  tags: string[];
  etag: string | undefined;
  version: SourceVersion | undefined;
  isSkipped = false;
  #assignedTtl: Duration | undefined;

  constructor(
    readonly key: string,
    readonly signal: AbortSignal,
    private readonly options: ResolvedEntryOptions,
    readonly stale: LoadContext['stale'],
  ) {
    this.tags = [...options.tags];
    this.etag = stale?.etag;
  }

  get ttl(): Duration {
    const { ttlMs } = this.options;
    return this.#assignedTtl ?? (ttlMs === Infinity ? 'forever' : `${ttlMs}ms`);
  }

  set ttl(ttl: Duration) {
    this.#assignedTtl = ttl;
  }

  skip(): void {
    this.isSkipped = true;
  }

  notModified(): never {
    if (this.stale === undefined) throw new NothingToRenewError(this.key);
    return NOT_MODIFIED as never;
  }

  fail(reason: Error | string): never {
    throw typeof reason === 'string' ? new Error(reason) : reason;
  }

  /**
   * The options of the entry, as the loader left them.
   *
   * @throws InvalidDurationError, InvalidOptionError for what it should not have assigned
   */
  adapted(): ResolvedEntryOptions {
    const assignedMs = this.#assignedTtl === undefined ? undefined : durationToMs(this.#assignedTtl);
    const ttlMs = assignedMs ?? this.options.ttlMs;
    return {
      ...this.options,
      ttlMs,
      negativeTtlMs: assignedMs ?? this.options.negativeTtlMs,
      memoryTtlMs: Math.min(this.options.memoryTtlMs, ttlMs),
      tags: checkTags(this.tags),
      version: this.version === undefined ? this.options.version : encodeSourceVersion(this.version),
    };
  }
}
