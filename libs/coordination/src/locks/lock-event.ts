import { channel } from 'node:diagnostics_channel';

/** What happened to a lock of this process. */
export type LockEvent =
  | { readonly type: 'acquired'; readonly key: string; readonly owner: string; readonly waitedMs: number }
  | { readonly type: 'released'; readonly key: string; readonly owner: string; readonly heldMs: number }
  /** It ended while it was thought to be held. */
  | { readonly type: 'lost'; readonly key: string; readonly owner: string; readonly reason: 'expired' | 'taken' }
  | { readonly type: 'detached'; readonly key: string; readonly owner: string }
  /** Redis could not be told; the lock ends by itself with its ttl. */
  | { readonly type: 'release-failed'; readonly key: string; readonly owner: string; readonly error: unknown };

/** Hears of locks. */
export type LockListener = (event: LockEvent) => void;

/** The channel of `node:diagnostics_channel` on which the events of all locks of this process are published. */
export const LOCK_CHANNEL = 'strata:lock';

const lockChannel = channel(LOCK_CHANNEL);

/** Delivers events; a listener that throws breaks nothing, and its error becomes a warning of the process. */
export class LockEvents {
  readonly #listeners = new Set<LockListener>();

  listen(listener: LockListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: LockEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : `A listener of locks threw ${String(error)}`);
      }
    }
    if (lockChannel.hasSubscribers) lockChannel.publish(event);
  }
}
