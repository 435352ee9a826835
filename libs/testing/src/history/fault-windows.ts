import { countUpTo } from './count-up-to.js';

/** A time in which something was broken, what it broke not yet being mended included. */
export interface FaultWindow {
  readonly startNs: bigint;
  /** When all was well again: connections back, what was missed known. */
  readonly endNs: bigint;
  /** Whose reads it may have made late; everybody's if left out. */
  readonly processes?: readonly string[];
}

/** Answers when it was last quiet for a process. */
export class FaultWindows {
  readonly #ofProcess = new Map<string, (atNs: number) => number>();
  readonly #windows: readonly FaultWindow[];

  constructor(windows: readonly FaultWindow[]) {
    this.#windows = windows;
  }

  /**
   * The end of the last window that concerns `process` and began at `atNs` or before it: later than `atNs` if one is still
   * open then, `-Infinity` if there was none.
   */
  quietSinceNs(process: string, atNs: number): number {
    let ofProcess = this.#ofProcess.get(process);
    if (ofProcess === undefined) {
      ofProcess = lastEnds(this.#windows.filter(({ processes }) => processes?.includes(process) ?? true));
      this.#ofProcess.set(process, ofProcess);
    }
    return ofProcess(atNs);
  }
}

/** For a time, the latest end of the windows that had begun. */
function lastEnds(windows: readonly FaultWindow[]): (atNs: number) => number {
  const inOrder = windows.map(({ startNs, endNs }) => ({ startNs: Number(startNs), endNs: Number(endNs) }));
  inOrder.sort((one, other) => one.startNs - other.startNs);
  const startsNs = inOrder.map(({ startNs }) => startNs);
  let latestNs = -Infinity;
  const latestEndsNs = inOrder.map(({ endNs }) => (latestNs = Math.max(latestNs, endNs)));
  return (atNs) => latestEndsNs[countUpTo(startsNs, atNs) - 1] ?? -Infinity;
}
