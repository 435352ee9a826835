import { NobodyWaitsError } from './nobody-waits.error.js';

interface Waiting<Visitor> {
  readonly visitor: Visitor;
  readonly pass: () => void;
  readonly fail: (error: unknown) => void;
}

interface Watcher<Visitor> {
  readonly isMeant: (visitor: Visitor) => boolean;
  readonly resolve: (visitor: Visitor) => void;
}

const ANYBODY = (): boolean => true;

/**
 * A place where calls wait until the test lets them go on, so that it decides in which order things happen.
 *
 * It begins closed. Visitors are whatever describes who waits; they are let through in any order, the oldest first if
 * the test does not choose.
 *
 * @example
 * const gate = new Gate<string>();
 * const load = cache.getOrSet('hero', () => gate.pass('load').then(() => readHero()));
 * await gate.arrival();
 * await cache.delete('hero'); // while the load is under way
 * gate.release();
 */
export class Gate<Visitor = void> {
  #waiting: Waiting<Visitor>[] = [];
  #watchers: Watcher<Visitor>[] = [];
  #isOpen = false;

  /** Whether calls pass without waiting. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Who waits, the oldest first. */
  get waiting(): readonly Visitor[] {
    return this.#waiting.map(({ visitor }) => visitor);
  }

  /** What the code under test awaits: resolves once it may go on, rejects if the test makes it {@link fail}. */
  pass(visitor: Visitor): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((pass, fail) => {
      this.#waiting.push({ visitor, pass, fail });
      const told = this.#watchers.filter(({ isMeant }) => isMeant(visitor));
      this.#watchers = this.#watchers.filter((watcher) => !told.includes(watcher));
      for (const { resolve } of told) resolve(visitor);
    });
  }

  /** Resolves with the oldest visitor that waits (and is meant), as soon as there is one. */
  arrival(isMeant: (visitor: Visitor) => boolean = ANYBODY): Promise<Visitor> {
    const there = this.#waiting.find(({ visitor }) => isMeant(visitor));
    if (there !== undefined) return Promise.resolve(there.visitor);
    return new Promise((resolve) => this.#watchers.push({ isMeant, resolve }));
  }

  /**
   * Lets the oldest that waits (and is meant) go on.
   *
   * @throws NobodyWaitsError
   */
  release(isMeant: (visitor: Visitor) => boolean = ANYBODY): void {
    this.#take(isMeant).pass();
  }

  /**
   * Rejects the call of the oldest that waits (and is meant).
   *
   * @throws NobodyWaitsError
   */
  fail(error: unknown, isMeant: (visitor: Visitor) => boolean = ANYBODY): void {
    this.#take(isMeant).fail(error);
  }

  /** Lets everybody go on, from now on too. */
  open(): void {
    this.#isOpen = true;
    for (const { pass } of this.#waiting.splice(0)) pass();
  }

  /** Makes those wait that come from now on. */
  close(): void {
    this.#isOpen = false;
  }

  #take(isMeant: (visitor: Visitor) => boolean): Waiting<Visitor> {
    const at = this.#waiting.findIndex(({ visitor }) => isMeant(visitor));
    const [taken] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (taken === undefined) throw new NobodyWaitsError(this.#waiting.length);
    return taken;
  }
}
