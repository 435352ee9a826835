import type { Clock } from '@nest-strata/core';

/** How long confirmed evicts are collected before their rows go with one statement; far less than the grace. */
const COLLECT_MS = 100;

/** Deletes the rows of evicts that are confirmed, behind the backs of the writes that made them. */
export class SettledRows {
  #ids: string[] = [];
  #isWaiting = false;

  /** @param deleteRows may reject: the relay finds what stays */
  constructor(
    private readonly clock: Clock,
    private readonly deleteRows: (ids: readonly string[]) => Promise<void>,
  ) {}

  add(ids: readonly string[]): void {
    this.#ids.push(...ids);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.clock.setTimer(() => void this.flush(), COLLECT_MS);
  }

  /** Deletes now what was collected. */
  async flush(): Promise<void> {
    this.#isWaiting = false;
    const ids = this.#ids;
    this.#ids = [];
    if (ids.length > 0) await this.deleteRows(ids).catch(() => undefined);
  }
}
