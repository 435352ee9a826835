import { channel } from 'node:diagnostics_channel';
import { CACHE_CHANNEL, isStateEvent } from './cache-event.js';
import type { CacheEvent, CacheListener, CacheStateEvent } from './cache-event.js';

const cacheChannel = channel(CACHE_CHANNEL);

/**
 * Delivers the events of a cache. A listener that throws never breaks the call that caused the event: its error is
 * handed to `onListenerError`, and the other listeners still hear the event.
 *
 * Events are made lazily: ask {@link isHeard} before building one on a hot path.
 */
export class CacheEvents {
  readonly #listeners = new Set<CacheListener>();
  readonly #stateListeners = new Set<(event: CacheStateEvent) => void>();

  constructor(private readonly onListenerError: (error: unknown) => void) {}

  get isHeard(): boolean {
    return this.#listeners.size > 0 || cacheChannel.hasSubscribers;
  }

  /** Adds a listener; returns the function that removes it. */
  listen(listener: CacheListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As {@link listen} for the events of the state alone: {@link isHeard} stays false, so calls make no events for it. */
  listenToState(listener: (event: CacheStateEvent) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  emit(event: CacheEvent): void {
    for (const listener of this.#listeners) this.#tell(listener, event);
    if (isStateEvent(event)) for (const listener of this.#stateListeners) this.#tell(listener, event);
    if (cacheChannel.hasSubscribers) cacheChannel.publish(event);
  }

  #tell<Event>(listener: (event: Event) => void, event: Event): void {
    try {
      listener(event);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}
