import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { checkTags } from '../entry/resolve-entry-options.js';
import type { LoadContext } from './loader.js';

/** A {@link LoadContext} that knows what the loader made of the entry's options. */
export class AdaptableLoadContext implements LoadContext {
  tags: string[];
  isSkipped = false;
  #assignedTtl: Duration | undefined;

  constructor(
    readonly key: string,
    readonly signal: AbortSignal,
    private readonly options: ResolvedEntryOptions,
  ) {
    this.tags = [...options.tags];
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

  /**
   * The options of the entry, as the loader left them.
   *
   * @throws InvalidDurationError, InvalidOptionError for what it should not have assigned
   */
  adapted(): ResolvedEntryOptions {
    const ttlMs = this.#assignedTtl === undefined ? this.options.ttlMs : durationToMs(this.#assignedTtl);
    return {
      ...this.options,
      ttlMs,
      memoryTtlMs: Math.min(this.options.memoryTtlMs, ttlMs),
      tags: checkTags(this.tags),
    };
  }
}
