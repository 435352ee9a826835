interface Waiter {
  readonly text: string;
  readonly resolve: () => void;
}

/** How much of what is held is searched for a text. */
const MAX_SEARCHED_CHARS = 65_536;

/** What a hold keeps from its receivers; made by `hold()`. */
export class HeldTraffic {
  readonly #release: () => void;
  #waiters: Waiter[] = [];
  #byteCount = 0;
  #recent = '';

  /** @internal */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** How many bytes were held since the hold began. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /**
   * Resolves once something is held, or, with a `text`, once the last 64 Ki bytes that were held contain it: a key or
   * value tells a reply from that to a heartbeat. Never resolves if nothing comes.
   */
  arrival(text = ''): Promise<void> {
    if (this.#hasArrived(text)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ text, resolve }));
  }

  /** Delivers what is held, in order, and ends the hold; other faults stay. Can be called twice. */
  release(): void {
    this.#release();
  }

  /** @internal */
  add(bytes: Buffer): void {
    this.#byteCount += bytes.length;
    this.#recent = (this.#recent + bytes.toString('latin1')).slice(-MAX_SEARCHED_CHARS);
    const arrived = this.#waiters.filter(({ text }) => this.#hasArrived(text));
    this.#waiters = this.#waiters.filter((waiter) => !arrived.includes(waiter));
    for (const { resolve } of arrived) resolve();
  }

  #hasArrived(text: string): boolean {
    return this.#byteCount > 0 && this.#recent.includes(Buffer.from(text).toString('latin1'));
  }
}
