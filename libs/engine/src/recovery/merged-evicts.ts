import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import type { Evict, KeyEvict, VersionFloor } from './evict.js';

/**
 * What does all that two evicts of the same are to do.
 *
 * A floor outlasts an evict without one, which may stand for a write that nobody knows to have been made: a version that
 * is kept out for too long costs loads, one that comes back is served.
 */
export function merged(one: Evict, other: Evict): Evict {
  return one.kind === 'key' && other.kind === 'key' ? mergedKeys(one, other) : other;
}

/** Whether an evict that was carried out after another did what that one was to do. */
export function covers(done: Evict, other: Evict): boolean {
  if (other.kind !== 'key') return true;
  // A clear leaves the floors that there are, and makes none.
  if (done.kind !== 'key') return other.floor === undefined;
  if (done.floor === undefined) return true;
  if (other.floor === undefined) return !done.floor.sparesHigher;
  return done.floor.version >= other.floor.version && (other.floor.sparesHigher || !done.floor.sparesHigher);
}

/** Whether a write of this version, made after a key was to be evicted, could have been made after it was evicted, too. */
export function permits(evict: Evict, version: string): boolean {
  const floor = evict.kind === 'key' ? evict.floor : undefined;
  return floor === undefined || version === NO_SOURCE_VERSION || version >= floor.version;
}

function mergedKeys(one: KeyEvict, other: KeyEvict): KeyEvict {
  const { kind, key } = other;
  if (one.floor !== undefined && other.floor !== undefined) {
    return { kind, key, floor: mergedFloors(one.floor, other.floor) };
  }
  const floor = one.floor ?? other.floor;
  return floor === undefined ? other : { kind, key, floor: { ...floor, sparesHigher: false } };
}

function mergedFloors(one: VersionFloor, other: VersionFloor): VersionFloor {
  return {
    version: one.version > other.version ? one.version : other.version,
    forMs: Math.max(one.forMs, other.forMs),
    sparesHigher: one.sparesHigher && other.sparesHigher,
  };
}
