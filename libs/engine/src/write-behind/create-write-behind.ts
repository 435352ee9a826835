import { SystemClock, SystemRandom } from '@nest-strata/core';
import type { Clock, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { EntryCodec } from '../envelope/entry-codec.js';
import type { KeySpace } from '../keys/key-space.js';
import { MemoryWriteQueue } from './memory-write-queue.js';
import { RedisWriteQueue } from './redis-write-queue.js';
import { resolveWriteBehindOptions } from './resolve-write-behind-options.js';
import { WriteBehind } from './write-behind.js';
import type { TellEvent, WriteBehindEvent } from './write-behind-event.js';
import { writeBehindKeys } from './write-behind-keys.js';
import type { WriteBehindOptions } from './write-behind-options.js';
import { WriteCodec } from './write-codec.js';

/** What a write-behind queue works with; what is left out is that of the machine. */
export interface WriteBehindSurroundings {
  readonly keySpace: KeySpace;
  /** How values become bytes. */
  readonly codec: EntryCodec;
  /** Left out: the queue lives in the memory of this process. It stays the caller's to close, after the queue. */
  readonly redis?: RedisPort | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Hears every event. */
  readonly onEvent?: (event: WriteBehindEvent) => void;
  /** Hears of errors that {@link onEvent} throws. Default: each becomes a warning of the process. */
  readonly onListenerError?: (error: unknown) => void;
}

const TOKEN_BYTES = 16;

/**
 * Makes the write-behind queue `name` of a cache and begins to drain it: what earlier processes left in Redis, too. Make
 * one for each name and process, with the same options in all.
 *
 * @throws InvalidOptionError, InvalidDurationError
 * @throws InvalidKeyError when `name` is empty or no string
 */
export function createWriteBehind<T>(
  name: string,
  options: WriteBehindOptions<T>,
  surroundings: WriteBehindSurroundings,
): WriteBehind<T> {
  const { keySpace, redis, clock = new SystemClock(), random = new SystemRandom() } = surroundings;
  const resolved = resolveWriteBehindOptions(options);
  const keys = writeBehindKeys(keySpace, name);
  const queue =
    redis === undefined
      ? new MemoryWriteQueue(resolved.maxPending, clock)
      : new RedisWriteQueue(redis, keys, resolved.maxPending, random.bytes(TOKEN_BYTES).toString('hex'), clock);
  const tell = teller({ cache: keySpace.namespace, queue: name }, surroundings);
  return new WriteBehind({
    queue,
    codec: new WriteCodec<T>(surroundings.codec),
    options: resolved,
    clock,
    random,
    tell,
  });
}

function teller(
  names: { readonly cache: string; readonly queue: string },
  {
    onEvent,
    onListenerError = (error) => process.emitWarning(String(error), 'CacheListenerWarning'),
  }: WriteBehindSurroundings,
): TellEvent {
  return (event) => {
    try {
      onEvent?.({ ...names, ...event });
    } catch (error) {
      onListenerError(error);
    }
  };
}
