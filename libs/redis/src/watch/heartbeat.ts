import type { Clock, ClockTimer } from '@nest-strata/core';

/** What a {@link Heartbeat} takes. */
export interface HeartbeatContext {
  readonly clock: Clock;
  readonly everyMs: () => number;
  /** Resolves when it is certain that everything from before its call has been heard. */
  readonly prove: () => Promise<void>;
  /** Called when a proof failed; there are no more until {@link Heartbeat.start}. */
  readonly failed: (error: unknown) => void;
}

/** Proves again and again that a channel is alive. It keeps no process alive. */
export class Heartbeat {
  readonly #context: HeartbeatContext;
  #heardUpToMs = -Infinity;
  #lagMs: number | undefined;
  #timer: ClockTimer | undefined;
  /** Counts the starts and stops: a proof that was begun before one of them proves nothing after it. */
  #round = 0;

  constructor(context: HeartbeatContext) {
    this.#context = context;
  }

  /** The moment before which all has been heard; `-Infinity` before the first proof and after {@link stop}. */
  get heardUpToMs(): number {
    return this.#heardUpToMs;
  }

  /** How long the last proof took; also after {@link stop}. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /**
   * Resolves with `true` after the first proof and goes on from there; with `false` if it was stopped meanwhile.
   *
   * @throws what the first proof throws
   */
  async start(): Promise<boolean> {
    this.stop();
    const round = this.#round;
    try {
      await this.#beat(round);
    } catch (error) {
      if (round === this.#round) throw error;
    }
    return round === this.#round;
  }

  stop(): void {
    this.#round++;
    this.#timer?.cancel();
    this.#heardUpToMs = -Infinity;
  }

  async #beat(round: number): Promise<void> {
    const { clock, everyMs, prove } = this.#context;
    const beganMs = clock.monotonicMs();
    await prove();
    if (round !== this.#round) return;
    this.#heardUpToMs = beganMs;
    this.#lagMs = clock.monotonicMs() - beganMs;
    this.#timer = clock.setTimer(() => this.#goOn(round), Math.max(0, everyMs() - this.#lagMs));
  }

  #goOn(round: number): void {
    this.#beat(round).catch((error: unknown) => {
      if (round === this.#round) this.#context.failed(error);
    });
  }
}
