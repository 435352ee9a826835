import type { LeaseWaiters } from '../leases/lease-waiters.js';
import { isShortened } from '../keys/key-text.js';
import type { MemoryStore } from '../memory/memory-store.js';
import type { ReadOutcome } from '../read-through/read-outcome.js';
import type { SingleFlight } from '../read-through/single-flight.js';
import type { ChangeObserver } from './coherence.js';
import type { WatchedTrust } from './copy-trust.js';
import type { OwnEchoes } from './own-echoes.js';
import type { KnownVersions } from './known-versions.js';
import type { RecordKeeper } from '../tags/record-keeper.js';

/** What a change that another process made can make worthless. */
export interface ChangeHearerParts {
  readonly memory: MemoryStore;
  readonly trust: WatchedTrust;
  readonly versions: KnownVersions;
  readonly waiters: LeaseWaiters;
  readonly flights: SingleFlight<ReadOutcome>;
  readonly recordKeeper: RecordKeeper;
  readonly echoes: OwnEchoes;
}

/** Lets go of what other processes have changed: copies, what is on its way, what is known of tags. */
export class ChangeHearer implements ChangeObserver {
  constructor(private readonly parts: ChangeHearerParts) {}

  /** Loads that run are void: what others write without ending the lease leaves no other trace once it is evicted again. */
  keyChanged(key: string): void {
    const { memory, echoes } = this.parts;
    memory.tier.remove(key);
    memory.changes.changeKey(key);
    echoes.heard(key);
    this.leaseChanged(key);
  }

  /** An eviction of a key that has no value yet shows in its lease alone. */
  leaseChanged(key: string): void {
    const { memory, flights, waiters } = this.parts;
    memory.changes.hearOfKey(key);
    // Flights have the names that callers use.
    if (isShortened(key)) flights.detachAllRunning();
    else flights.detachRunning(key);
    waiters.wake(key);
  }

  /** Which loads will turn out to carry the tag is not known before they end. */
  tagChanged(tag: string): void {
    this.parts.versions.forgetTag(tag);
    this.parts.flights.detachAllRunning();
  }

  clearChanged(): void {
    this.parts.versions.forgetClear();
    this.parts.flights.detachAllRunning();
  }

  /** What was read before could have changed unheard. */
  armed(): void {
    const { memory, versions, trust, flights, recordKeeper } = this.parts;
    memory.changes.hearOfAllKeys();
    flights.detachAllRunning();
    versions.forgetAll();
    trust.arm();
    recordKeeper.start();
  }

  lost(): void {
    const { memory, versions, trust, flights, waiters, echoes, recordKeeper } = this.parts;
    trust.distrust();
    // A server that has fallen back may have leases again that were ended: loads that run must not trust theirs.
    memory.changes.changeAllKeys();
    versions.forgetAll();
    flights.detachAllRunning();
    waiters.wakeAll();
    echoes.forgetAll();
    recordKeeper.stop();
  }
}
