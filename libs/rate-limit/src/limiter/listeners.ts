import { channel, type Channel } from 'node:diagnostics_channel';

/**
 * Delivers events to listeners and to a channel of `node:diagnostics_channel`. A listener that throws breaks no call: its
 * error becomes a warning of the process, and the others still hear the event.
 *
 * Ask {@link isHeard} before an event is made on a hot path.
 */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #channel: Channel;

  constructor(channelName: string) {
    this.#channel = channel(channelName);
  }

  get isHeard(): boolean {
    return this.#listeners.size > 0 || this.#channel.hasSubscribers;
  }

  /** Adds a listener; returns the function that removes it. */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        const [text, detail = ''] = error instanceof Error ? [error.message, error.stack] : [String(error)];
        process.emitWarning(`A listener failed: ${text}`, { code: 'STRATA_LISTENER', detail });
      }
    }
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
  }
}
