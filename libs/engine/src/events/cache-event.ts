import type { WriteBehindEvent } from '../write-behind/write-behind-event.js';

interface KeyEvent {
  /** The cache's namespace, its parts joined by dots. */
  readonly cache: string;
  readonly key: string;
}

/** What a cache tells of itself while it works; published on the {@link CACHE_CHANNEL} and to listeners. */
export type CacheEvent =
  | (KeyEvent & { readonly type: 'hit'; readonly tier: string; readonly stale: boolean })
  | (KeyEvent & { readonly type: 'miss' })
  | (KeyEvent & {
      readonly type: 'load';
      readonly durationMs: number;
      readonly background: boolean;
      readonly error?: unknown;
    })
  | (KeyEvent & { readonly type: 'set'; readonly ttlMs: number })
  | {
      readonly type: 'evict';
      readonly cache: string;
      readonly by: 'key' | 'tag' | 'pattern' | 'clear' | 'expire';
      /** The keys, tags or pattern concerned; empty for `clear`. */
      readonly targets: readonly string[];
      readonly confirmed: boolean;
    }
  /** An evict or write that Redis did not confirm is repeated until it does, or no longer needs to be. */
  | {
      readonly type: 'pending';
      readonly cache: string;
      readonly change: 'added' | 'settled' | 'collapsed' | 'abandoned';
      /** How many are pending now. */
      readonly count: number;
    }
  /** Memory is coherent with other processes from now on, or not; told once per change, and when that turns out to be refused. */
  | {
      readonly type: 'coherence';
      readonly cache: string;
      readonly state: 'armed' | 'lost';
      readonly mode: string | undefined;
      readonly reason?: string;
    }
  /** What a write-behind queue of the cache tells. */
  | { readonly type: 'write-behind'; readonly cache: string; readonly event: WriteBehindEvent }
  /** Redis turned out to be another server, or one that has lost writes. */
  | { readonly type: 'failover'; readonly cache: string; readonly verdict: 'replay' | 'clear' }
  | { readonly type: 'error'; readonly cache: string; readonly operation: string; readonly error: unknown }
  | { readonly type: 'degraded'; readonly cache: string; readonly reason: string }
  | { readonly type: 'recovered'; readonly cache: string };

/** Hears every event of a cache and of the namespaces derived from it. */
export type CacheListener = (event: CacheEvent) => void;

const STATE_TYPES = ['pending', 'coherence', 'failover', 'degraded', 'recovered'] as const;

/** What is told of a cache's state, whatever calls there are: a few events in an outage, none in between. */
export type CacheStateEvent = Extract<CacheEvent, { readonly type: (typeof STATE_TYPES)[number] }>;

/** Whether an event tells of the cache's state rather than of a call. */
export function isStateEvent(event: CacheEvent): event is CacheStateEvent {
  return (STATE_TYPES as readonly string[]).includes(event.type);
}

/** The name of the `node:diagnostics_channel` on which every cache of the process publishes its {@link CacheEvent}s. */
export const CACHE_CHANNEL = 'strata:cache';
