import { FaultWindows } from './fault-windows.js';
import type { FaultWindow } from './fault-windows.js';
import { groupEvents } from './group-events.js';
import type { HistoryEvent, HistoryOperation } from './history-event.js';
import { MeasuredBound } from './measured-bound.js';
import { Timeline } from './timeline.js';
import { Findings } from './verdict.js';
import type { Verdict } from './verdict.js';

/** How soon an evict must be seen. */
export interface StalenessBounds {
  /** By a process for which nothing is broken. */
  readonly healthyBoundMs: number;
  /**
   * The share of evicts, process by process, for which that must be so; 1 by default: all. With 0.999 one of a thousand
   * may be late, up to `faultBoundMs`.
   */
  readonly healthyShare?: number;
  /** By everybody, whatever is broken. */
  readonly faultBoundMs: number;
  /** When something was broken; never, if left out. */
  readonly faultWindows?: readonly FaultWindow[];
  /** What must be seen: `['evict']` by default. Writes too only if the cache refuses older versions. */
  readonly changes?: readonly HistoryOperation[];
}

/** A read that did not see an evict. */
interface Miss {
  readonly evict: HistoryEvent;
  readonly read: HistoryEvent;
  readonly staleMs: number;
}

/** What became of an evict in one process that read the key afterwards. */
interface Sighting {
  /** Whether it was quiet when the evict ended. */
  readonly isQuiet: boolean;
  /** The last read that missed it while it stayed quiet. */
  readonly missInQuiet: Miss | undefined;
  /** The last read of all that missed it. */
  readonly miss: Miss | undefined;
}

const NS_PER_MS = 1e6;

/**
 * Checks how long after an evict a process still reads a version that is lower than the one that the database had before
 * that evict.
 *
 * Never `faultBoundMs` or more after its end. Nor, for so many evicts as `healthyShare` says, `healthyBoundMs` or more,
 * unless something that concerns the reading process was broken between the end of the evict and the start of the read. A
 * miss is never wrong. An evict counts from its end, if its outcome is `confirmed` or was not recorded.
 *
 * Counts the reads that returned a version. There is a sample for every evict and process that read the key afterwards:
 * for the bound `healthy` if it was quiet then, for the bound `always` in any case. Takes O(n log n) for a given number of
 * processes.
 */
export function staleAfterEvict(history: Iterable<HistoryEvent>, bounds: StalenessBounds): Verdict {
  const { healthyBoundMs, healthyShare = 1, faultBoundMs, faultWindows = [], changes = ['evict'] } = bounds;
  const windows = new FaultWindows(faultWindows);
  const findings = new Findings();
  const healthy = new MeasuredBound('healthy', healthyBoundMs);
  const always = new MeasuredBound('always', faultBoundMs);
  const lateInQuiet: Miss[] = [];

  for (const events of groupEvents(history, ({ key }) => key).values()) {
    const evicts = events.filter(({ op, outcome = 'confirmed' }) => changes.includes(op) && outcome === 'confirmed');
    const reads = events.filter(({ op, version }) => op === 'read' && version !== undefined);
    findings.countOperations(reads.length);
    for (const { isQuiet, missInQuiet, miss } of sightings(evicts, reads, windows)) {
      const isLateInQuiet = isQuiet && healthy.add(missInQuiet?.staleMs);
      const isLate = always.add(miss?.staleMs);
      if (isLate && miss !== undefined) addViolation(findings, miss, faultBoundMs);
      else if (isLateInQuiet && missInQuiet !== undefined) lateInQuiet.push(missInQuiet);
    }
  }
  if (healthy.isMissedBy(1 - healthyShare)) {
    for (const miss of lateInQuiet) addViolation(findings, miss, healthyBoundMs);
  }
  return findings.verdict([healthy.kept, always.kept]);
}

function* sightings(
  evicts: readonly HistoryEvent[],
  reads: readonly HistoryEvent[],
  windows: FaultWindows,
): Generator<Sighting, void, undefined> {
  for (const [process, own] of groupEvents(reads, (read) => read.process)) {
    const timeline = new Timeline(own, ({ startNs }) => Number(startNs), versionOf);
    for (const evict of evicts) {
      const endNs = Number(evict.endNs);
      if (timeline.end < endNs) continue;
      const quietUntilNs = windows.quietUntilNs(process, endNs);
      const lastMissBefore = (beforeNs: number): Miss | undefined => {
        const last = timeline.lastBelow(versionOf(evict), endNs, beforeNs);
        return last && { evict, read: last.item, staleMs: (last.time - endNs) / NS_PER_MS };
      };
      yield {
        isQuiet: quietUntilNs > endNs,
        missInQuiet: lastMissBefore(quietUntilNs),
        miss: lastMissBefore(Infinity),
      };
    }
  }
}

/** What was not recorded is missed by nobody. */
function versionOf({ version = -Infinity }: HistoryEvent): number {
  return version;
}

function addViolation(findings: Findings, { evict, read, staleMs }: Miss, boundMs: number): void {
  const source = read.tier === undefined ? '' : ` from ${read.tier}`;
  const change =
    evict.op === 'evict'
      ? `${evict.process} had evicted it with version ${String(evict.version)} in the database`
      : `${evict.process} had written version ${String(evict.version)}`;
  findings.addViolation(
    `${read.process} read version ${String(read.version)} of "${read.key}"${source} ${staleMs.toFixed(1)} ms after ` +
      `${change}; the bound is ${boundMs} ms`,
    evict,
    read,
  );
}
