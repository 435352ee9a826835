import type { Clock } from '@nest-strata/core';
import { InvalidPersistResultError } from './invalid-persist-result.error.js';
import type { FailedWrite, WriteToPersist } from './persist.js';
import { PersistTimeoutError } from './persist-timeout.error.js';
import type { ResolvedWriteBehindOptions } from './write-behind-options.js';

/** What a call of `persist` came to. */
export interface BatchResult {
  /** The errors by the ids of the writes that failed; empty: the database took all. */
  readonly failures: ReadonlyMap<string, unknown>;
  /** Whether the batch failed as a whole, so that nobody knows which of its writes was the reason. */
  readonly isUndivided: boolean;
}

/** Calls the user's `persist`, bounded in time, and makes a result of whatever it does. */
export class BatchPersister<T> {
  constructor(
    private readonly options: ResolvedWriteBehindOptions<T>,
    private readonly clock: Clock,
  ) {}

  /** Never rejects. When one of `stops` is aborted, `persist` is told and still waited for. */
  async persist(batch: readonly WriteToPersist<T>[], stops: readonly AbortSignal[]): Promise<BatchResult> {
    const controller = new AbortController();
    const stop = (event: Event): void => controller.abort((event.target as AbortSignal).reason);
    for (const signal of stops) signal.addEventListener('abort', stop);
    try {
      const failed = await this.#withinTimeout(controller, async () =>
        this.options.persist(batch, { signal: controller.signal }),
      );
      return { failures: failuresIn(batch, failed), isUndivided: false };
    } catch (error) {
      return { failures: new Map(batch.map(({ id }) => [id, error])), isUndivided: batch.length > 1 };
    } finally {
      for (const signal of stops) signal.removeEventListener('abort', stop);
    }
  }

  #withinTimeout<Result>(controller: AbortController, act: () => Promise<Result>): Promise<Result> {
    const { persistTimeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        const error = new PersistTimeoutError(persistTimeoutMs);
        controller.abort(error);
        reject(error);
      };
      const timer = persistTimeoutMs === Infinity ? undefined : this.clock.setTimer(giveUp, persistTimeoutMs);
      act()
        .then(resolve, reject)
        .finally(() => timer?.cancel());
    });
  }
}

/** Anything but a list says that all went well: functions that return what their database said are not rare. */
function failuresIn(batch: readonly WriteToPersist<unknown>[], failed: unknown): ReadonlyMap<string, unknown> {
  const failures = new Map<string, unknown>();
  if (!Array.isArray(failed)) return failures;
  const ids = new Set(batch.map(({ id }) => id));
  for (const one of failed as readonly (FailedWrite | undefined | null)[]) {
    if (one === undefined || one === null || !ids.has(one.id)) throw new InvalidPersistResultError();
    failures.set(one.id, one.error);
  }
  return failures;
}
