import { LoadShedError } from './load-shed.error.js';

/** Bounds how many loaders of a cache run at once; the others wait their turn, in order. */
export class LoadSlots {
  #running = 0;
  readonly #queue = new Set<() => void>();

  constructor(
    private readonly cache: string,
    private readonly limits: { readonly maxConcurrent: number; readonly maxQueued: number },
  ) {}

  /**
   * Runs a loader once there is a slot.
   *
   * @param signal its reason is thrown when it is aborted before the loader begins, which then does not run
   * @throws LoadShedError when too many wait already
   */
  async run<T>(load: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running < this.limits.maxConcurrent) this.#running++;
    else await this.#turn(signal);
    try {
      signal.throwIfAborted();
      return await load();
    } finally {
      this.#passOn();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (this.#queue.size >= this.limits.maxQueued) throw new LoadShedError(this.cache, this.limits);
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#queue.delete(begin);
        reject(signal.reason as Error);
      };
      this.#queue.add(begin);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** A Set is walked in the order of insertion. */
  #passOn(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
