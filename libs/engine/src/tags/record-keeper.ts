import type { Clock, ClockTimer } from '@nest-strata/core';
import { isCacheFault } from '../authority/cache-fault.js';
import type { EvictKeeper } from '../recovery/evict-keeper.js';
import type { TagRecords } from './tag-records.js';

const EVERY_MS = 5_000;
const MAX_RECORDS = 500;

/**
 * Keeps the records that this process knows in use: hits in memory never ask for them, so that a server which evicts what
 * was not used for long would evict just them, and with them all entries. For the same reason it has the process leave its
 * heartbeat: one that is served by memory alone must see, too, how far a failover fell back.
 */
export class RecordKeeper {
  #timer: ClockTimer | undefined;

  constructor(
    private readonly records: Pick<TagRecords, 'keepInUse'>,
    private readonly recovery: Pick<EvictKeeper, 'active'>,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.#timer ??= this.clock.setTimer(() => void this.#keep(), EVERY_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #keep(): Promise<void> {
    this.#timer = undefined;
    this.start();
    this.recovery.active(this.clock.monotonicMs());
    try {
      await this.records.keepInUse(MAX_RECORDS);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      // A record that is evicted costs loads, nothing else.
    }
  }
}
