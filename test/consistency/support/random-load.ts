import { SeededRandom } from '@nest-strata/testing';
import type { CacheAction, ChangeWay } from './cache-action.js';

/** What one worker does at random. The same load gives the same actions. */
export interface RandomLoad {
  /** Another one for each worker. */
  readonly seed: number;
  readonly actionCount: number;
  /** How many keys are in play, and what they are called. */
  readonly keyCount: number;
  readonly keyPrefix: string;
  /** The share of the actions that change a key, in [0, 1]. */
  readonly changeShare: number;
  readonly ways: readonly ChangeWay[];
}

/** One in so many reads loads nothing: it sees what is there, stale copies and tiers included. */
const READS_PER_LOOK = 10;

/** The actions of a load. Every key has a tag of its own, so that whoever invalidates the tag knows which version it was. */
export function* randomActions(load: RandomLoad): Generator<CacheAction, void, undefined> {
  const random = new SeededRandom(load.seed);
  const below = (count: number): number => Math.floor(random.fraction() * count);
  const isVersioned = load.ways.some((way) => way === 'set' || way === 'delete-version');
  for (let count = 0; count < load.actionCount; count++) {
    const key = `${load.keyPrefix}${below(load.keyCount)}`;
    const way = load.ways[below(load.ways.length)];
    if (way !== undefined && random.fraction() < load.changeShare) yield { do: 'change', key, by: way };
    else if (below(READS_PER_LOOK) === 0) yield { do: 'look', key };
    else yield { do: 'read', key, options: { tags: [key], isVersioned } };
  }
}
