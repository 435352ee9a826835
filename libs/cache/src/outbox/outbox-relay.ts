import { Logger } from '@nestjs/common';
import type { Clock, ClockTimer, Random } from '@nest-strata/core';
import type { EvictionOutbox } from './eviction-outbox.js';

/** What an {@link OutboxRelay} works with. */
export interface OutboxRelayParts {
  readonly outbox: Pick<EvictionOutbox, 'drain' | 'flush'>;
  /** Between two drains; each pause is between half and one and a half of it, so that processes spread out. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Drains an outbox again and again, and does not keep the process alive for it. */
export class OutboxRelay {
  readonly #logger = new Logger(OutboxRelay.name);
  #timer: ClockTimer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(private readonly parts: OutboxRelayParts) {}

  start(): void {
    const { clock, random, intervalMs } = this.parts;
    this.#timer = clock.setTimer(
      () => {
        this.#running = this.#drain().then(() => {
          if (!this.#isStopped) this.start();
        });
      },
      intervalMs * (0.5 + random.fraction()),
    );
  }

  /** Ends after a last drain, which takes rows of any age that were never tried; that is given up after `deadlineMs`. Never rejects. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    let timer: ClockTimer | undefined;
    const isLate = new Promise<'late'>((resolve) => {
      timer = this.parts.clock.setTimer(() => resolve('late'), deadlineMs);
    });
    if ((await Promise.race([this.#finish(), isLate])) === 'late') {
      this.#logger.warn(
        'the outbox was not drained in time; other processes, or the next start, carry out what is left',
      );
    }
    timer?.cancel();
  }

  async #finish(): Promise<void> {
    await this.#running;
    await this.parts.outbox.flush();
    await this.#drain(0);
  }

  async #drain(graceMs?: number): Promise<void> {
    try {
      await this.parts.outbox.drain(graceMs);
      if (this.#isFailing) this.#logger.log('the outbox is drained again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        this.#logger.warn('the outbox cannot be drained; evicts stay in it until it can', {
          cause: error instanceof Error ? error.message : String(error),
        });
      }
      this.#isFailing = true;
    }
  }
}
