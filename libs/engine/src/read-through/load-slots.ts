import { LoadShedError } from './load-shed.error.js';

/** Bounds how many loaders of a cache run at once; the others wait their turn, in order. */
export class LoadSlots {
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(
    private readonly cache: string,
    private readonly limits: { readonly maxConcurrent: number; readonly maxQueued: number },
  ) {}

  /** Runs a loader once there is a slot. @throws LoadShedError when too many wait already */
  async run<T>(load: () => Promise<T>): Promise<T> {
    if (this.#running >= this.limits.maxConcurrent) {
      if (this.#queue.length >= this.limits.maxQueued) throw new LoadShedError(this.cache, this.limits);
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await load();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
