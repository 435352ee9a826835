import { groupEvents } from './group-events.js';
import type { HistoryEvent } from './history-event.js';
import { countBelow, countUpTo } from './sorted-numbers.js';
import { Findings } from './verdict.js';
import type { Verdict } from './verdict.js';

/**
 * Checks that a key is loaded once, by however many processes, until it changes: a second load needs an evict or a write
 * of the key that was under way, or done, after the first load started and before the second one did.
 *
 * For histories in which nothing expires or is thrown out for want of room meanwhile, and no process dies loading. Takes
 * O(n log n). Counts the loads.
 */
export function singleFlight(history: Iterable<HistoryEvent>): Verdict {
  const findings = new Findings();
  for (const events of groupEvents(history, ({ key }) => key).values()) {
    const changes = events.filter(({ op }) => op === 'evict' || op === 'write');
    const startsNs = changes.map(({ startNs }) => Number(startNs)).sort((one, other) => one - other);
    const endsNs = changes.map(({ endNs }) => Number(endNs)).sort((one, other) => one - other);
    const loads = events.filter(({ op }) => op === 'load').sort((one, other) => (one.startNs < other.startNs ? -1 : 1));
    findings.countOperations(loads.length);
    loads.forEach((load, at) => {
      const before = loads[at - 1];
      if (before === undefined) return;
      // Those that started before this load, less those that had ended before the load before it.
      const excuses = countUpTo(startsNs, Number(load.startNs)) - countBelow(endsNs, Number(before.startNs));
      if (excuses <= 0) findings.addViolation(describe(before, load), before, load);
    });
  }
  return findings.verdict();
}

function describe(first: HistoryEvent, second: HistoryEvent): string {
  const gapMs = (Number(second.startNs - first.startNs) / 1e6).toFixed(1);
  return (
    `${second.process} loaded "${second.key}" (version ${String(second.version)}) ${gapMs} ms after ${first.process} ` +
    `(version ${String(first.version)}), and nothing had changed it meanwhile`
  );
}
