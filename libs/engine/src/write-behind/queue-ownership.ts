import type { Clock, ClockTimer } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { keepQueueScript } from './scripts/keep-queue.script.js';
import { ownQueueScript } from './scripts/own-queue.script.js';
import type { OwnReply } from './scripts/own-queue.script.js';
import type { WriteBehindKeys } from './write-behind-keys.js';

/** How long a process that died stays the owner. */
const LIFE_MS = 2_000;
const RENEWAL_MS = 500;
/** How long a process that is not the owner waits at most before it asks again. */
const ASK_AGAIN_MS = 500;

/**
 * The ownership of a queue in Redis: a key with a token that lives 2 s and is prolonged every 500 ms.
 *
 * It is believed in for 2 s from before the request was sent, by the monotonic clock, so never longer than Redis holds it:
 * a process that was stopped finds its ownership over when it goes on. Redis losing the key (a failover, a flush) can
 * still make two owners for that long.
 */
export class QueueOwnership {
  #validUntilMs = -Infinity;
  #tenure = endedTenure();
  #timer: ClockTimer | undefined;
  #isEnded = false;

  constructor(
    private readonly redis: RedisPort,
    private readonly keys: Pick<WriteBehindKeys, 'owner' | 'index'>,
    private readonly token: string,
    private readonly clock: Clock,
  ) {}

  get isHeld(): boolean {
    return this.clock.monotonicMs() < this.#validUntilMs;
  }

  /** Aborted when the ownership ends. */
  get signal(): AbortSignal {
    return this.#tenure.signal;
  }

  /** Makes this process the owner if there is none; says in how many milliseconds, at most, it is to be tried again. */
  async take(): Promise<OwnReply> {
    const sentAtMs = this.clock.monotonicMs();
    const reply = await this.redis.run(ownQueueScript, this.keys, { token: this.token, lifeMs: LIFE_MS });
    if (reply.leftMs > 0) return { ...reply, leftMs: Math.min(reply.leftMs, ASK_AGAIN_MS) };
    if (this.#isEnded) {
      await this.#giveBack();
      return { ...reply, leftMs: ASK_AGAIN_MS };
    }
    this.#validUntilMs = sentAtMs + LIFE_MS;
    this.#tenure = new AbortController();
    this.#renewLater();
    return reply;
  }

  /** Ends it in Redis, so that another process can own the queue at once. What is asked for already is given back, too. */
  async release(): Promise<void> {
    this.abandon();
    if (!this.isHeld) return;
    this.lose();
    await this.#giveBack();
  }

  /** Lets it run out. */
  abandon(): void {
    this.#isEnded = true;
    this.#timer?.cancel();
  }

  /** Another process owns the queue, or may. */
  lose(): void {
    this.#timer?.cancel();
    this.#validUntilMs = -Infinity;
    this.#tenure.abort(new Error('Another process may persist these writes now.'));
  }

  async #giveBack(): Promise<void> {
    await this.redis.run(keepQueueScript, this.keys, { token: this.token, lifeMs: 0 });
  }

  #renewLater(): void {
    if (this.#isEnded) return;
    this.#timer?.cancel();
    const leftMs = this.#validUntilMs - this.clock.monotonicMs();
    this.#timer = this.clock.setTimer(() => void this.#renew(), Math.min(RENEWAL_MS, leftMs));
  }

  async #renew(): Promise<void> {
    const sentAtMs = this.clock.monotonicMs();
    const tenure = this.#tenure;
    if (!this.isHeld) {
      this.lose();
      return;
    }
    let isKept: boolean | undefined;
    try {
      isKept = await this.redis.run(keepQueueScript, this.keys, { token: this.token, lifeMs: LIFE_MS });
    } catch {
      // Unknown: the ownership stands for as long as it was confirmed for. Draining tells of the fault.
    }
    if (tenure !== this.#tenure || tenure.signal.aborted) return;
    if (isKept === false) {
      this.lose();
      return;
    }
    if (isKept === true) this.#validUntilMs = sentAtMs + LIFE_MS;
    this.#renewLater();
  }
}

function endedTenure(): AbortController {
  const controller = new AbortController();
  controller.abort();
  return controller;
}
