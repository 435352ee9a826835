import type { Clock, ClockTimer, Random } from '@nest-strata/core';
import { LockContendedError } from '../errors/lock-contended.error.js';
import { LockTimeoutError } from '../errors/lock-timeout.error.js';
import { LockUnavailableError, toLockUnavailable } from '../errors/lock-unavailable.error.js';
import type { LockTicket } from '../held/held-lock.js';
import { certainUntilMs, claimMsOf } from '../held/lease-time.js';
import type { LockGrant } from '../held/lock.js';
import type { LockRequest } from '../options/lock-request.js';
import type { AcquireReply } from '../scripts/acquire-lock.script.js';
import type { AbandonedLocks } from './abandoned-locks.js';
import type { LockCommands } from './lock-commands.js';
import type { GrantMessage, InboxReader, LockInbox } from './lock-inbox.js';
import { askAgainAfterMs } from './poll-delay.js';

/** What an acquisition works with. */
export interface AcquisitionContext {
  readonly commands: LockCommands;
  readonly inbox: LockInbox;
  readonly abandoned: AbandonedLocks;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when nothing is acquired any more. */
  readonly closing: AbortSignal;
}

/** What was known of the server's clock: it showed `serverMs` not before `atMs` of the monotonic one. */
interface Anchor {
  readonly serverMs: number;
  readonly atMs: number;
}

type Waiting = Extract<AcquireReply, { readonly status: 'refused' | 'queued' }>;

/** How long after Redis did not answer somebody who waits asks again, in ms. */
const RETRY_MS = 250;

/** One attempt to get one lock. It ends with the lock, or with no place in the queue. */
export class LockAcquisition implements InboxReader {
  readonly #context: AcquisitionContext;
  readonly #ticket: LockTicket;
  readonly #request: LockRequest;
  readonly #untilMs: number;
  readonly #startMs: number;
  #anchor: Anchor | undefined;
  #grant: (GrantMessage & { readonly heardAtMs: number }) | undefined;
  #isNext = false;
  /** What Redis was told last: whether it is to send a word. */
  #isToBeTold = false;
  #wake: (() => void) | undefined;
  #fault: LockUnavailableError | undefined;

  constructor(ticket: LockTicket, request: LockRequest, context: AcquisitionContext) {
    this.#ticket = ticket;
    this.#request = request;
    this.#context = context;
    this.#startMs = context.clock.monotonicMs();
    this.#untilMs = this.#startMs + request.waitMs;
  }

  granted(grant: GrantMessage): void {
    this.#grant = { ...grant, heardAtMs: this.#context.clock.monotonicMs() };
    this.#wake?.();
  }

  isNext(): void {
    this.#isNext = true;
    this.#wake?.();
  }

  mayHaveMissed(): void {
    this.#wake?.();
  }

  /**
   * @throws LockContendedError, LockTimeoutError, LockUnavailableError, or the reason of the signal
   */
  async run(): Promise<LockGrant> {
    this.#throwIfAborted();
    const { inbox, closing } = this.#context;
    const stopReading = inbox.read(this.#ticket.owner, this);
    const over = new AbortController();
    for (const signal of [this.#request.signal, closing]) {
      signal?.addEventListener('abort', () => this.#wake?.(), { signal: over.signal });
    }
    try {
      return await this.#acquire();
    } catch (error) {
      // Where Redis is away, nobody waits for it to hear of this, too.
      const left = error instanceof LockContendedError || this.#leave();
      if (!(error instanceof LockUnavailableError)) await left;
      throw error;
    } finally {
      stopReading();
      over.abort();
    }
  }

  async #acquire(): Promise<LockGrant> {
    let reply: LockGrant | Waiting | undefined = await this.#ask();
    for (;;) {
      if (reply !== undefined && 'ttlMs' in reply) return this.#withReplicas(reply);
      if (reply?.status === 'refused') throw new LockContendedError(this.#ticket.key);
      if (this.#request.waitMs > 0) this.#context.inbox.open();
      const isToAsk = await this.#nap(reply);
      const given = this.#takeGrant();
      if (given !== undefined) return this.#withReplicas(given);
      if (isToAsk) reply = await this.#askAgain();
    }
  }

  /** Puts the owner into the queue or finds it there, or has the lock. */
  async #ask(): Promise<LockGrant | Waiting> {
    const { clock, commands, inbox } = this.#context;
    const { ttlMs, isRenewed } = this.#request;
    const startMs = clock.monotonicMs();
    this.#isToBeTold = inbox.isHeard;
    const waitMs = this.#request.waitMs === 0 ? 0 : Math.max(1, this.#untilMs - startMs);
    try {
      const reply = await commands.acquire(this.#ticket, this.#request, waitMs, this.#isToBeTold);
      this.#fault = undefined;
      if (reply.status === 'granted') {
        return { ...this.#ticket, fence: reply.fence, ttlMs, isRenewed, startMs, leaseMs: ttlMs };
      }
      this.#isNext = reply.isNext;
      this.#anchor = { serverMs: reply.serverNowMs, atMs: startMs };
      return reply;
    } catch (error) {
      throw toLockUnavailable(this.#ticket.key, error);
    }
  }

  /** Redis may be away for a while without ending the wait. */
  async #askAgain(): Promise<LockGrant | Waiting | undefined> {
    this.#throwIfOver();
    try {
      return await this.#ask();
    } catch (error) {
      this.#fault = error as LockUnavailableError;
      return undefined;
    }
  }

  /** Waits for a word, or until it is time to ask; tells which. */
  async #nap(reply: Waiting | undefined): Promise<boolean> {
    const { clock, inbox, random } = this.#context;
    this.#throwIfOver();
    if (this.#grant !== undefined || inbox.isHeard !== this.#isToBeTold) return true;
    const wasNext = this.#isNext;
    let isToAsk = true;
    let timer: ClockTimer | undefined;
    await new Promise<void>((resolve) => {
      const asksAfterMs =
        reply === undefined
          ? RETRY_MS * (1 + random.fraction())
          : askAgainAfterMs({
              nextEndInMs: reply.nextEndInMs,
              claimMs: claimMsOf(this.#request.ttlMs),
              isNext: wasNext,
              hasInbox: this.#isToBeTold,
              fraction: random.fraction(),
            });
      timer = clock.setTimer(resolve, Math.min(asksAfterMs, this.#untilMs - clock.monotonicMs()));
      this.#wake = () => {
        // The word that it is next changes how soon it asks, and nothing else.
        isToAsk = this.#isNext === wasNext || inbox.isHeard !== this.#isToBeTold || this.#grant !== undefined;
        resolve();
      };
    });
    this.#wake = undefined;
    timer?.cancel();
    this.#throwIfAborted();
    return isToAsk;
  }

  /**
   * The lock, if the word of it came soon enough that its claim stands for certain a good while yet. If not, asking shows
   * whether it is still ours.
   */
  #takeGrant(): LockGrant | undefined {
    const grant = this.#grant;
    this.#grant = undefined;
    const { ttlMs, isRenewed } = this.#request;
    if (grant === undefined || this.#anchor === undefined || (!isRenewed && grant.leaseMs < ttlMs)) return undefined;
    const sinceAnchorMs = grant.grantedAtMs - this.#anchor.serverMs - 1;
    const startMs = Math.min(grant.heardAtMs, this.#anchor.atMs + sinceAnchorMs);
    const { fence, leaseMs } = grant;
    const leftMs = certainUntilMs(startMs, leaseMs) - this.#context.clock.monotonicMs();
    return leftMs < leaseMs / 2 ? undefined : { ...this.#ticket, fence, ttlMs, isRenewed, startMs, leaseMs };
  }

  async #withReplicas(grant: LockGrant): Promise<LockGrant> {
    const { replicas } = this.#request;
    if (replicas === 0) return grant;
    const { commands } = this.#context;
    try {
      if ((await commands.replicasWith(this.#ticket, replicas)) >= replicas) return grant;
    } catch (error) {
      throw toLockUnavailable(this.#ticket.key, error);
    }
    throw new LockUnavailableError(this.#ticket.key, 'replicas');
  }

  #leave(): Promise<void> {
    return this.#context.abandoned.giveBack(this.#ticket, this.#request.ttlMs);
  }

  #throwIfAborted(): void {
    this.#request.signal?.throwIfAborted();
    if (this.#context.closing.aborted) throw new LockUnavailableError(this.#ticket.key, 'closed');
  }

  #throwIfOver(): void {
    this.#throwIfAborted();
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs < this.#untilMs || this.#grant !== undefined) return;
    if (this.#fault !== undefined) throw this.#fault;
    throw new LockTimeoutError(this.#ticket.key, nowMs - this.#startMs);
  }
}
