import type { FaultWindow } from './fault-windows.js';

/** How a {@link StallWatch} watches. */
export interface StallWatchOptions {
  /** From how long a pause on the event loop is a stall; 20 ms by default. */
  readonly thresholdMs?: number;
  /** How often it looks; 5 ms by default. */
  readonly everyMs?: number;
}

/**
 * Notes when the event loop of this process stood still: it was stopped, busy, or had no CPU. A process that does not run
 * hears nothing, so nothing can be asked of it meanwhile but what holds under faults.
 *
 * Does not keep the process alive.
 */
export class StallWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #thresholdNs: bigint;
  #lastNs = process.hrtime.bigint();
  #stalls: FaultWindow[] = [];

  constructor({ thresholdMs = 20, everyMs = 5 }: StallWatchOptions = {}) {
    this.#thresholdNs = BigInt(Math.round(thresholdMs * 1e6));
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  /** The stalls since they were taken last, with the processes that they concern: all, if left out. */
  take(processes?: readonly string[]): FaultWindow[] {
    this.#look();
    return this.#stalls.splice(0).map((stall) => (processes === undefined ? stall : { ...stall, processes }));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowNs = process.hrtime.bigint();
    if (nowNs - this.#lastNs >= this.#thresholdNs) this.#stalls.push({ startNs: this.#lastNs, endNs: nowNs });
    this.#lastNs = nowNs;
  }
}
