import type { Clock } from '@nest-strata/core';
import { UnsettledWritesError } from './unsettled-writes.error.js';
import { versionOf } from './write-id.js';
import type { QueueSpan, WriteQueue } from './write-queue.port.js';

/** The pause between two looks at the queue, doubled from the first to the longest. */
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 50;

/** The writes of some keys that waited when it was made; what is accepted later does not count. */
export class SettlementWait {
  readonly #marks: readonly (bigint | undefined)[];

  private constructor(
    private readonly queue: WriteQueue,
    private readonly keys: readonly string[] | 'all',
    spans: readonly (QueueSpan | undefined)[],
  ) {
    this.#marks = spans.map((span) => span && versionOf(span.newest));
  }

  /** `undefined`: nothing waits. */
  static async begin(queue: WriteQueue, keys: readonly string[] | 'all'): Promise<SettlementWait | undefined> {
    const spans = await queue.spans(keys);
    return spans.every((span) => span === undefined) ? undefined : new SettlementWait(queue, keys, spans);
  }

  /**
   * Resolves once each of them has left the queue: it, or a newer value of its key, was persisted or given up.
   *
   * @throws UnsettledWritesError
   */
  async end(withinMs: number, clock: Clock): Promise<void> {
    const untilMs = clock.monotonicMs() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS; await this.#isOpen(); pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      if (clock.monotonicMs() >= untilMs) throw new UnsettledWritesError(withinMs);
      await new Promise<void>((resolve) => clock.setTimer(resolve, pauseMs));
    }
  }

  async #isOpen(): Promise<boolean> {
    const spans = await this.queue.spans(this.keys);
    return this.#marks.some((mark, at) => {
      const oldest = spans[at]?.oldest;
      return mark !== undefined && oldest !== undefined && versionOf(oldest) <= mark;
    });
  }
}
