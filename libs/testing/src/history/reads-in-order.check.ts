import { findReadsBelow } from './reads-below.js';
import { groupEvents } from './group-events.js';
import type { HistoryEvent } from './history-event.js';
import { Findings } from './verdict.js';
import type { Verdict } from './verdict.js';

/**
 * Checks that within a session nobody goes back in time: a read that starts after another one of the same key has ended
 * returns no lower version. A miss is never wrong. Takes O(n log n). Counts the reads that returned a version.
 */
export function monotonicReads(history: Iterable<HistoryEvent>): Verdict {
  const findings = new Findings();
  for (const events of groupEvents(history, sessionAndKey).values()) {
    const reads = events.filter(isAnsweredRead);
    findReadsBelow(reads, reads, findings, (read, before) =>
      describe(read, `had read version ${String(before.version)}`),
    );
  }
  return findings.verdict();
}

/**
 * Checks that within a session everybody sees what it did: a read that starts after a write, an evict or a commit of the
 * session has ended returns no lower version than the one that was written, or was in the database before the evict. It
 * does so at once, and also if the outcome is `pending`. Takes O(n log n). Counts the reads that returned a version.
 */
export function readYourWrites(history: Iterable<HistoryEvent>): Verdict {
  const findings = new Findings();
  for (const events of groupEvents(history, sessionAndKey).values()) {
    const changes = events.filter(({ op }) => op === 'write' || op === 'evict');
    findReadsBelow(changes, events.filter(isAnsweredRead), findings, (read, change) =>
      describe(read, `did ${change.op === 'write' ? 'write' : 'evict'} version ${String(change.version)}`),
    );
  }
  return findings.verdict();
}

function sessionAndKey({ session, process, key }: HistoryEvent): string {
  return `${session ?? process} ${key}`;
}

function isAnsweredRead({ op, version }: HistoryEvent): boolean {
  return op === 'read' && version !== undefined;
}

function describe(read: HistoryEvent, before: string): string {
  const who = read.session === undefined ? read.process : `${read.session} of ${read.process}`;
  const source = read.tier === undefined ? '' : ` from ${read.tier}`;
  return `${who} read version ${String(read.version)} of "${read.key}"${source} after it ${before}`;
}
