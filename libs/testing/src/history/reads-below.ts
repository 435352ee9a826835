import type { HistoryEvent } from './history-event.js';
import type { Findings } from './verdict.js';

interface Floor {
  readonly event: HistoryEvent;
  readonly version: number;
}

/**
 * Finds reads of a lower version than that of any of the `floors` that ended before the read started. Takes O(n log n).
 */
export function findReadsBelow(
  floors: readonly HistoryEvent[],
  reads: readonly HistoryEvent[],
  findings: Findings,
  describe: (read: HistoryEvent, floor: HistoryEvent) => string,
): void {
  const ended = floors.toSorted((one, other) => (one.endNs < other.endNs ? -1 : 1));
  findings.countOperations(reads.length);
  let at = 0;
  let highest: Floor | undefined;
  for (const read of reads.toSorted((one, other) => (one.startNs < other.startNs ? -1 : 1))) {
    for (let event = ended[at]; event !== undefined && event.endNs <= read.startNs; event = ended[++at]) {
      const { version = -Infinity } = event;
      if (highest === undefined || version > highest.version) highest = { event, version };
    }
    const { version = Infinity } = read;
    if (highest !== undefined && version < highest.version) {
      findings.addViolation(describe(read, highest.event), highest.event, read);
    }
  }
}
