import type { LimitStore } from '../store/limit-store.port.js';
import type { BlockedSubjects } from './blocked-subjects.js';
import { WHOLE_SUBJECT } from './blocked-subjects.js';
import type { Escalation } from './escalation.js';
import type { Listeners } from './listeners.js';
import type { RateLimitEvent } from './rate-limit-event.js';
import type { PolicyResult } from './rate-limit-result.js';
import { isRedisAway } from './redis-away.js';

/** Beyond, the denials that were answered from memory are forgotten before they are told. */
const MAX_UNTOLD = 10_000;

/**
 * Tells the ladder of denials, behind the request: at once of those that the store gave, and `after` at a time of those
 * that were answered from memory. Who is denied for being blocked is not counted again.
 */
export class BlockLadder {
  readonly #escalation: Escalation;
  readonly #store: LimitStore;
  readonly #blocked: BlockedSubjects;
  readonly #events: Listeners<RateLimitEvent>;
  readonly #untold = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();

  constructor(escalation: Escalation, store: LimitStore, blocked: BlockedSubjects, events: Listeners<RateLimitEvent>) {
    this.#escalation = escalation;
    this.#store = store;
    this.#blocked = blocked;
    this.#events = events;
  }

  countDenial(subject: string, isFromMemory: boolean): void {
    const count = (this.#untold.get(subject) ?? 0) + 1;
    this.#untold.delete(subject);
    if (isFromMemory && count < this.#escalation.after) {
      this.#untold.set(subject, count);
      if (this.#untold.size > MAX_UNTOLD) this.#forgetOldest();
      return;
    }
    const running = this.#tell(subject, count).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Once all is told. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #tell(subject: string, count: number): Promise<void> {
    try {
      const block = await this.#escalation.countDenials(this.#store, subject, count);
      if (block === undefined) return;
      this.#blocked.note(blockResult(subject, block.forMs), WHOLE_SUBJECT, 0);
      this.#events.emit({ type: 'blocked', subject, ...block });
    } catch (error) {
      // The request that was denied has noticed that Redis is away, or the next one will.
      if (!isRedisAway(error)) this.#events.emit({ type: 'error', error });
    }
  }

  #forgetOldest(): void {
    for (const subject of this.#untold.keys()) {
      this.#untold.delete(subject);
      return;
    }
  }
}

/** The block of a subject, in the form of a policy's denial; it is shown to nobody. */
export function blockResult(subject: string, forMs: number): PolicyResult {
  return {
    policy: '~block',
    subject,
    isAllowed: false,
    isShadowDenial: false,
    denial: 'limit',
    limit: 1,
    remaining: 0,
    used: 1,
    retryAfterMs: forMs,
    resetAfterMs: forMs,
    waitMs: 0,
    source: 'redis',
    isDegraded: false,
  };
}
