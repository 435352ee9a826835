import type { Clock } from '@nest-strata/core';

interface Echo {
  isHeard: boolean;
  /** Whether Redis has said that there is something to be told of. */
  isDue: boolean;
  waiters: (() => void)[];
}

/** An echo comes with the reply or a moment later; one that does not come must not hold up anybody. */
const MAX_WAIT_MS = 50;
const MAX_ECHOES = 10_000;

/**
 * The changes that scripts of this process made, and of which Redis has yet to tell this process.
 *
 * A load that begins in between would take the echo for the change of another and would not be stored. So it waits for
 * the echo, which is on its way. Nothing is ever taken for an echo and ignored.
 */
export class OwnEchoes {
  readonly #echoes = new Map<string, Echo>();

  constructor(
    private readonly clock: Clock,
    /** Whether own scripts are told of at all. */
    private readonly areTold: () => boolean,
  ) {}

  /** Runs a script that may change a key; `hasChanged` tells by its result whether it did. */
  async during<Result>(
    key: string,
    script: () => Promise<Result>,
    hasChanged: (result: Result) => boolean,
  ): Promise<Result> {
    if (!this.areTold()) return script();
    const echo: Echo = { isHeard: false, isDue: false, waiters: [] };
    this.#echoes.set(key, echo);
    try {
      const result = await script();
      echo.isDue = hasChanged(result) && !echo.isHeard;
      return result;
    } finally {
      if (!echo.isDue || this.#echoes.size > MAX_ECHOES) this.#end(key, echo);
    }
  }

  /** Redis tells of a change of the key. */
  heard(key: string): void {
    const echo = this.#echoes.get(key);
    if (echo === undefined) return;
    echo.isHeard = true;
    if (echo.isDue) this.#end(key, echo);
  }

  /** `undefined` when nothing is on its way for the key; else resolves when it has come, or will not. */
  settled(key: string): Promise<void> | undefined {
    const echo = this.#echoes.get(key);
    if (echo?.isDue !== true) return undefined;
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(() => this.#end(key, echo), MAX_WAIT_MS);
      echo.waiters.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Nothing that was on its way comes any more. */
  forgetAll(): void {
    for (const [key, echo] of this.#echoes) this.#end(key, echo);
  }

  #end(key: string, echo: Echo): void {
    if (this.#echoes.get(key) === echo) this.#echoes.delete(key);
    for (const wake of echo.waiters.splice(0)) wake();
  }
}
