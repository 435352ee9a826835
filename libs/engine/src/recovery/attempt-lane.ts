/** Runs tasks in the order in which they come, so many at a time. */
export class AttemptLane {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly maxRunning: number) {}

  /** Settles as the task does, which begins at once or once one before it has ended. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.maxRunning) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
