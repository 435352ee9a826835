import { StrataError } from '@nest-strata/core';

/** Redis is configured by a url, but the package `ioredis`, which connects to it, is not installed. */
export class MissingIoredisError extends StrataError {
  readonly code = 'MISSING_IOREDIS';

  constructor(options?: ErrorOptions) {
    super('Redis is configured, but the package ioredis is not installed. Run: npm install ioredis', options);
  }
}
