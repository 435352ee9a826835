import type { HistoryEvent } from './history-event.js';

/** The events in groups of the same name, each in the order of the history. */
export function groupEvents(
  events: Iterable<HistoryEvent>,
  nameOf: (event: HistoryEvent) => string,
): ReadonlyMap<string, readonly HistoryEvent[]> {
  const groups = new Map<string, HistoryEvent[]>();
  for (const event of events) {
    const name = nameOf(event);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [event]);
    else group.push(event);
  }
  return groups;
}
