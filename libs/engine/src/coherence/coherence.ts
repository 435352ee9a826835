import type { KeyAnnouncement, KeyWatch, KeyWatchListener, KeyWatchMode, RedisPort } from '@nest-strata/redis';
import type { KeySpace } from '../keys/key-space.js';
import { namespaceOf } from '../keys/key-space.js';
import type { CoherenceMode } from '../options/cache-options.js';

/** One cache, as far as others' changes concern it. */
export interface ChangeObserver {
  keyChanged(key: string): void;
  /** Somebody took or gave back the lease of a key, or deleted the key. */
  leaseChanged(key: string): void;
  tagChanged(tag: string): void;
  clearChanged(): void;
  /** Changes are heard from now on. */
  armed(): void;
  /** Changes may have gone unheard, and may until {@link armed}. */
  lost(): void;
}

/** How it is with the coherence of memory. */
export interface CoherenceState {
  readonly configured: CoherenceMode;
  /** `undefined`: not known yet, or memory hears of nothing. */
  readonly mode: KeyWatchMode | undefined;
  /** Whether changes are heard now; while they are not, memory has no hits. */
  readonly isArmed: boolean;
  /** The time in which a change becomes known, as last measured. */
  readonly lagMs: number | undefined;
  /** How often it was lost since the start. */
  readonly losses: number;
}

/** Hears when coherence is gained or lost. */
export type CoherenceListener = (state: { readonly isArmed: boolean; readonly reason?: string }) => void;

/** Half of a liveness bound would be enough; this leaves room for one that is late. */
const HEARTBEAT_MS = 300;

/**
 * How the caches of one family, a cache and its namespaces, learn of changes that other processes make.
 *
 * It opens one watch on Redis, when the first cache joins, and hands what it hears to the cache that it concerns.
 */
export class Coherence implements KeyWatchListener {
  readonly #observers = new Map<string, { readonly keys: KeySpace; readonly observer: ChangeObserver }>();
  readonly #namespaceOfPrefix = new Map<string, string>();
  readonly #watch: KeyWatch | undefined;
  readonly #listeners = new Set<CoherenceListener>();
  #isArmed = false;

  constructor(
    redis: RedisPort,
    root: KeySpace,
    readonly configured: CoherenceMode,
  ) {
    const options = { channel: root.busChannel, heartbeatMs: HEARTBEAT_MS };
    this.#watch = configured === 'none' ? undefined : redis.watch({ ...options, mode: configured }, this);
  }

  /** For health checks and dashboards. */
  get state(): CoherenceState {
    const { configured, mode, isArmed, lagMs, losses } = this;
    return { configured, mode, isArmed, lagMs, losses };
  }

  /** How changes are heard; `undefined`: not known yet, or not at all. */
  get mode(): KeyWatchMode | undefined {
    return this.#watch?.mode;
  }

  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** See `KeyWatch`. */
  get heardUpToMs(): number {
    return this.#watch?.heardUpToMs ?? -Infinity;
  }

  get lagMs(): number | undefined {
    return this.#watch?.lagMs;
  }

  get losses(): number {
    return this.#watch?.losses ?? 0;
  }

  /** What scripts that change keys must publish, if anything. */
  get announcement(): KeyAnnouncement | undefined {
    return this.#watch?.announcement;
  }

  /** Whether a change by a script of our own is told to us, too. */
  get isScriptEchoed(): boolean {
    return this.#watch?.announcement === undefined;
  }

  /** From now on `observer` hears of the changes of these keys. */
  join(keys: KeySpace, hasMemory: boolean, observer: ChangeObserver): void {
    this.#observers.set(keys.namespace, { keys, observer });
    const prefixes = keys.prefixes(hasMemory);
    for (const prefix of prefixes) this.#namespaceOfPrefix.set(prefix, keys.namespace);
    this.#watch?.follow(prefixes);
  }

  /** What the cache of these keys has is worth nothing from now on, as it hears no more. */
  leave({ namespace }: KeySpace): void {
    const left = this.#observers.get(namespace);
    this.#observers.delete(namespace);
    left?.observer.lost();
  }

  listen(listener: CoherenceListener): void {
    this.#listeners.add(listener);
  }

  changed(redisKeys: readonly string[]): void {
    for (const redisKey of redisKeys) {
      const cache = this.#observers.get(namespaceOf(redisKey) ?? '');
      const meaning = cache?.keys.meaningOf(redisKey);
      if (cache === undefined || meaning === undefined) continue;
      if (meaning.kind === 'value') cache.observer.keyChanged(meaning.key);
      else if (meaning.kind === 'lease') cache.observer.leaseChanged(meaning.key);
      else if (meaning.kind === 'tag') cache.observer.tagChanged(meaning.tag);
      else cache.observer.clearChanged();
    }
  }

  armed(prefixes: readonly string[]): void {
    const namespaces = new Set(prefixes.map((prefix) => this.#namespaceOfPrefix.get(prefix) ?? ''));
    for (const namespace of namespaces) this.#observers.get(namespace)?.observer.armed();
    this.#tell({ isArmed: true });
  }

  lost(reason: string): void {
    for (const { observer } of this.#observers.values()) observer.lost();
    this.#tell({ isArmed: false, reason });
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  #tell(state: Parameters<CoherenceListener>[0]): void {
    this.#isArmed = state.isArmed;
    for (const listener of this.#listeners) listener(state);
  }
}
