import { FaultWindows } from './fault-windows.js';
import type { FaultWindow } from './fault-windows.js';
import { groupEvents } from './group-events.js';
import type { HistoryEvent } from './history-event.js';
import { Timeline } from './timeline.js';
import { Findings } from './verdict.js';
import type { Verdict } from './verdict.js';

/** How soon an evict must be seen. */
export interface StalenessBounds {
  /** By everybody, while nothing is broken. */
  readonly healthyBoundMs: number;
  /** By everybody, whatever is broken. */
  readonly faultBoundMs: number;
  /** When something was broken; never, if left out. */
  readonly faultWindows?: readonly FaultWindow[];
}

const NS_PER_MS = 1e6;

/**
 * Checks that no read returns a version that was evicted longer ago than the bound.
 *
 * A read that starts `healthyBoundMs` or more after an evict ended returns at least the version that the database had
 * before that evict, if between the two nothing was broken that concerns the reading process; `faultBoundMs` or more after
 * it, in any case. A miss is never wrong. An evict counts from its end if its outcome is not `pending`.
 *
 * Takes O(n log n). Counts the reads that returned a version.
 */
export function staleAfterEvict(
  history: Iterable<HistoryEvent>,
  { healthyBoundMs, faultBoundMs, faultWindows = [] }: StalenessBounds,
): Verdict {
  const windows = new FaultWindows(faultWindows);
  const findings = new Findings();
  const healthy = { when: 'healthy', boundMs: healthyBoundMs, worstMs: 0 };
  const faulty = { when: 'faults', boundMs: faultBoundMs, worstMs: 0 };

  for (const events of groupEvents(history, ({ key }) => key)) {
    const evicts = evictsOf(events);
    for (const read of events) {
      const { version } = read;
      if (read.op !== 'read' || version === undefined) continue;
      findings.countOperation();
      const startNs = Number(read.startNs);
      const quietSinceNs = windows.quietSinceNs(read.process, startNs);
      const first = evicts.firstAbove(version, -Infinity, startNs);
      const firstInQuiet = evicts.firstAbove(version, quietSinceNs, startNs);
      const isLate = (bound: typeof healthy, missed: typeof first): boolean => {
        if (missed === undefined) return false;
        const staleMs = (startNs - missed.time) / NS_PER_MS;
        bound.worstMs = Math.max(bound.worstMs, staleMs);
        if (staleMs < bound.boundMs) return false;
        findings.addViolation(describe(read, missed.item, staleMs, bound.boundMs), missed.item, read);
        return true;
      };
      if (!isLate(healthy, firstInQuiet) && first?.item !== firstInQuiet?.item) isLate(faulty, first);
    }
  }
  return findings.verdict([healthy, faulty]);
}

function evictsOf(events: readonly HistoryEvent[]): Timeline<HistoryEvent> {
  const evicts = events.filter(({ op, outcome }) => op === 'evict' && outcome !== 'pending');
  return new Timeline(
    evicts,
    ({ endNs }) => Number(endNs),
    ({ version }) => version ?? -Infinity,
  );
}

function describe(read: HistoryEvent, evict: HistoryEvent, staleMs: number, boundMs: number): string {
  const source = read.tier === undefined ? '' : ` from ${read.tier}`;
  return (
    `${read.process} read version ${String(read.version)} of "${read.key}"${source} ${staleMs.toFixed(1)} ms after ` +
    `${evict.process} had evicted it with version ${String(evict.version)} in the database; the bound is ${boundMs} ms`
  );
}
