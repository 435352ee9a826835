import { countBelow } from './sorted-numbers.js';

/** A time in which something was broken, what it broke not yet being mended included. */
export interface FaultWindow {
  readonly startNs: bigint;
  /** When all was well again: connections back, what was missed known. */
  readonly endNs: bigint;
  /** Whose reads it may have made late; everybody's if left out. */
  readonly processes?: readonly string[];
}

/** Answers how long it stayed quiet for a process. */
export class FaultWindows {
  readonly #windows: readonly FaultWindow[];
  readonly #quietUntilNs = new Map<string, (sinceNs: number) => number>();

  constructor(windows: readonly FaultWindow[]) {
    this.#windows = windows;
  }

  /**
   * When the first window begins that concerns `process` and is not over at `sinceNs`: earlier than that if one is open
   * then, `Infinity` if none follows.
   */
  quietUntilNs(process: string, sinceNs: number): number {
    let ofProcess = this.#quietUntilNs.get(process);
    if (ofProcess === undefined) {
      ofProcess = firstStarts(this.#windows.filter(({ processes }) => processes?.includes(process) ?? true));
      this.#quietUntilNs.set(process, ofProcess);
    }
    return ofProcess(sinceNs);
  }
}

/** For a time, the earliest start of the windows that end then or later. */
function firstStarts(windows: readonly FaultWindow[]): (sinceNs: number) => number {
  const byEnd = windows.map(({ startNs, endNs }) => ({ startNs: Number(startNs), endNs: Number(endNs) }));
  byEnd.sort((one, other) => one.endNs - other.endNs);
  const endsNs = byEnd.map(({ endNs }) => endNs);
  let firstNs = Infinity;
  const firstStartsNs = byEnd.map(() => Infinity);
  for (let at = byEnd.length - 1; at >= 0; at--) {
    firstStartsNs[at] = firstNs = Math.min(firstNs, byEnd[at]?.startNs ?? Infinity);
  }
  return (sinceNs) => firstStartsNs[countBelow(endsNs, sinceNs)] ?? Infinity;
}
