import type { Random } from '@nest-strata/core';

/** The delays between attempts. */
export interface RetryDelays {
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

/**
 * How long to wait after so many failures, 1 being the first: doubled each time, less up to half of it at random, so that
 * what failed together is not repeated together.
 */
export function retryDelayOf(failures: number, delays: RetryDelays, random: Random): number {
  const delayMs = Math.min(delays.retryDelayMs * 2 ** (failures - 1), delays.maxRetryDelayMs);
  return delayMs * (1 - random.fraction() / 2);
}

/** The keys whose writes failed, and when each is to be tried again. */
export class RetrySchedule {
  readonly #dueAtMs = new Map<string, number>();

  get size(): number {
    return this.#dueAtMs.size;
  }

  /** The earliest moment at which one is due; `Infinity`: there is none. */
  get nextDueAtMs(): number {
    return this.#earliest()?.[1] ?? Infinity;
  }

  has(key: string): boolean {
    return this.#dueAtMs.has(key);
  }

  plan(key: string, dueAtMs: number): void {
    this.#dueAtMs.set(key, dueAtMs);
  }

  remove(key: string): void {
    this.#dueAtMs.delete(key);
  }

  clear(): void {
    this.#dueAtMs.clear();
  }

  /** The key that has been due for longest, which stays planned. */
  dueAt(nowMs: number): string | undefined {
    const earliest = this.#earliest();
    return earliest !== undefined && earliest[1] <= nowMs ? earliest[0] : undefined;
  }

  #earliest(): [key: string, dueAtMs: number] | undefined {
    let earliest: [string, number] | undefined;
    for (const planned of this.#dueAtMs) if (earliest === undefined || planned[1] < earliest[1]) earliest = planned;
    return earliest;
  }
}
