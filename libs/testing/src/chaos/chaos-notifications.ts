import type { KeyWatch, KeyWatchListener } from '@nest-strata/redis';

type Course = 'deliver' | 'hold' | 'drop';

/** What becomes of the news of changed keys on their way from a `KeyWatch` to who listens. */
export class ChaosNotifications {
  #course: Course = 'deliver';
  #held: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  /** {@link KeyWatch.heardUpToMs} of each watch when the hold began. */
  readonly #heardBefore = new Map<KeyWatch, number>();
  readonly #watches = new Set<KeyWatch>();

  /** How many wait to be delivered. */
  get heldCount(): number {
    return this.#held.length;
  }

  /**
   * Keeps everything back until {@link deliver}: the watch is behind and knows it, for its `heardUpToMs` stands still.
   * So do heartbeats behind a slow connection.
   */
  hold(): void {
    this.#course = 'hold';
    for (const watch of this.#watches) this.#heardBefore.set(watch, this.heardUpToMs(watch));
  }

  /**
   * Loses the news of changes, without a word: `heardUpToMs` goes on, and says what is not so. No network does this; a
   * broken watch would. What is held stays held.
   */
  drop(): void {
    this.#course = 'drop';
  }

  /** Delivers what is held, in order, and all that comes. */
  deliver(): void {
    this.#course = 'deliver';
    for (const deliver of this.#held.splice(0)) deliver();
    this.#heardBefore.clear();
  }

  /** Resolves once something is held. */
  arrival(): Promise<void> {
    return this.#held.length > 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @internal A listener to be told in place of `listener`. */
  before(listener: KeyWatchListener): KeyWatchListener {
    return {
      changed: (redisKeys) => {
        if (this.#course !== 'drop') this.#pass(() => listener.changed(redisKeys));
      },
      armed: (prefixes) => this.#pass(() => listener.armed(prefixes)),
      lost: (reason) => this.#pass(() => listener.lost(reason)),
    };
  }

  /** @internal */
  add(watch: KeyWatch): void {
    this.#watches.add(watch);
    if (this.#course === 'hold') this.#heardBefore.set(watch, -Infinity);
  }

  /** @internal */
  remove(watch: KeyWatch): void {
    this.#watches.delete(watch);
  }

  /** @internal */
  heardUpToMs(watch: KeyWatch): number {
    return this.#heardBefore.get(watch) ?? watch.heardUpToMs;
  }

  #pass(deliver: () => void): void {
    if (this.#course !== 'hold') return deliver();
    this.#held.push(deliver);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
