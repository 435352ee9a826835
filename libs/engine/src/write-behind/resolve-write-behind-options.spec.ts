import { describe, expect, it } from '@jest/globals';
import { InvalidDurationError } from '@nest-strata/core';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import { resolveWriteBehindOptions } from './resolve-write-behind-options.js';
import type { WriteBehindOptions } from './write-behind-options.js';

const persist = (): void => undefined;

describe('resolveWriteBehindOptions', () => {
  it('completes what is left out or undefined, in milliseconds, and freezes it', () => {
    const resolved = resolveWriteBehindOptions({ persist, interval: undefined } as never);
    expect(resolved).toEqual({
      persist,
      batchSize: 100,
      intervalMs: 100,
      maxPending: 10_000,
      maxAttempts: 16,
      retryDelayMs: 200,
      maxRetryDelayMs: 60_000,
      persistTimeoutMs: 30_000,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it('takes what is given', () => {
    const given: WriteBehindOptions<unknown> = {
      persist,
      batchSize: 1,
      interval: '1ms',
      maxPending: 1,
      maxAttempts: Infinity,
      retryDelay: '2s',
      maxRetryDelay: '1s',
      persistTimeout: 'forever',
    };
    expect(resolveWriteBehindOptions(given)).toEqual({
      persist,
      batchSize: 1,
      intervalMs: 1,
      maxPending: 1,
      maxAttempts: Infinity,
      retryDelayMs: 2_000,
      maxRetryDelayMs: 2_000,
      persistTimeoutMs: Infinity,
    });
  });

  it.each([
    [{}, 'persist: missing'],
    [{ persist: 'save' }, 'persist: missing'],
    [{ persist, batchsize: 1 }, 'batchsize: unknown; the options are persist, batchSize'],
    [{ persist, batchSize: 0 }, 'batchSize: 0 given; write a whole number from 1 to 10000'],
    [{ persist, batchSize: 1.5 }, 'batchSize: 1.5'],
    [{ persist, batchSize: 10_001 }, 'batchSize: 10001'],
    [{ persist, maxPending: Infinity }, 'maxPending: Infinity'],
    [{ persist, maxAttempts: 0 }, 'maxAttempts: 0'],
    [{ persist, interval: '0ms' }, 'interval: 0 ms is too short'],
    [{ persist, interval: 'forever' }, "interval: 'forever' would be never"],
    [{ persist, retryDelay: 'forever' }, "retryDelay: 'forever' would be never"],
    [{ persist, persistTimeout: '0s' }, 'persistTimeout: 0 ms is too short'],
  ])('refuses %p', (options, message) => {
    const resolve = () => resolveWriteBehindOptions(options as never);
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(message);
  });

  it('refuses a bare number for a time', () => {
    expect(() => resolveWriteBehindOptions({ persist, interval: 100 as never })).toThrow(InvalidDurationError);
  });
});
