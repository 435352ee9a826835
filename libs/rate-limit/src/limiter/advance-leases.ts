import type { Clock } from '@nest-strata/core';
import type { LimitClaim } from '../store/limit-store.port.js';
import type { AskedLimit } from './asked-limit.js';
import type { Judgement, LimitJudge } from './limit-judge.js';
import type { PolicyResult } from './rate-limit-result.js';

/** How much is taken in advance, and for whom. */
export interface AdvanceLeaseSettings {
  readonly size: number;
  readonly forMs: number;
  /** Requests of a subject to the same policies within a second, in this process, before more is taken in advance. */
  readonly hotPerSecond: number;
}

/** What was taken in advance for one subject under the same policies. */
interface Lease {
  readonly revisions: string;
  left: number;
  endsAtMs: number;
  results: readonly PolicyResult[];
  taken: readonly LimitClaim[];
  secondBeganMs: number;
  requestsInSecond: number;
  taking: Promise<void> | undefined;
}

const MAX_SUBJECTS = 1_000;
const LEASABLE: readonly string[] = ['fixed-window', 'sliding-window', 'sliding-log', 'token-bucket', 'leaky-bucket'];

/**
 * Takes several at once for subjects that ask often, and gives them out without a trip. All that is given out was taken
 * before, so no limit is exceeded; a process that ends without `close` leaves at most `size` taken for each hot subject.
 */
export class AdvanceLeases {
  readonly #settings: AdvanceLeaseSettings;
  readonly #judge: LimitJudge;
  readonly #clock: Clock;
  /** The one that asked least recently comes first. */
  readonly #subjects = new Map<string, Lease[]>();

  constructor(settings: AdvanceLeaseSettings, judge: LimitJudge, clock: Clock) {
    this.#settings = settings;
    this.#judge = judge;
    this.#clock = clock;
  }

  /** One of what was taken in advance; `undefined` where the request has to be judged by itself. */
  async take(asked: readonly AskedLimit[]): Promise<Judgement | undefined> {
    const subject = leasableSubject(asked);
    if (subject === undefined || this.#judge.isDegraded) return undefined;
    const lease = this.#leaseOf(subject, asked);
    if (this.#isSpent(lease)) {
      if (lease.taking === undefined && this.#isHot(lease)) {
        lease.taking = this.#renew(lease, asked).finally(() => (lease.taking = undefined));
      }
      await lease.taking;
    }
    if (this.#isSpent(lease)) return undefined;
    lease.left--;
    return { results: this.#results(lease), blockedForMs: 0, taken: () => [], isDegraded: false };
  }

  /** Gives back all that nobody has asked for: of one subject, or of all. */
  async giveBack(subject?: string): Promise<void> {
    const leases = subject === undefined ? [...this.#subjects.values()].flat() : (this.#subjects.get(subject) ?? []);
    if (subject === undefined) this.#subjects.clear();
    else this.#subjects.delete(subject);
    await Promise.all(leases.map((lease) => this.#return(lease)));
  }

  async #renew(lease: Lease, asked: readonly AskedLimit[]): Promise<void> {
    await this.#return(lease);
    const { size, forMs } = this.#settings;
    const judgement = await this.#judge.judge(
      asked.map((one) => ({ ...one, cost: size })),
      undefined,
      false,
    );
    const taken = judgement.taken();
    if (judgement.isDegraded || taken.length < asked.length) {
      // Where little is left, each request would be asked for twice.
      lease.secondBeganMs = this.#clock.monotonicMs();
      lease.requestsInSecond = 0;
      return;
    }
    lease.left = size;
    lease.results = judgement.results;
    lease.taken = taken;
    // What a window was charged for must be used in it.
    const windowsMs = judgement.results.flatMap(({ resetAfterMs }, index) =>
      asked[index]?.policy.rule.kind === 'fixed-window' ? [resetAfterMs - 1] : [],
    );
    lease.endsAtMs = this.#clock.monotonicMs() + Math.min(forMs, ...windowsMs);
    await this.#tidy();
  }

  async #return(lease: Lease): Promise<void> {
    const { left, taken } = lease;
    lease.left = 0;
    if (left === 0) return;
    await this.#judge.giveBack(
      taken.map((claim) => ({ ...claim, cost: left })),
      false,
    );
  }

  /** Gives back what nobody asked for of those who have not asked for long. */
  async #tidy(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    for (const [subject, leases] of this.#subjects) {
      const isOver = leases.every(({ endsAtMs, taking }) => endsAtMs <= nowMs && taking === undefined);
      if (!isOver && this.#subjects.size <= MAX_SUBJECTS) return;
      await this.giveBack(subject);
    }
  }

  #leaseOf(subject: string, asked: readonly AskedLimit[]): Lease {
    const revisions = asked.map(({ policy }) => policy.revision).join(' ');
    const leases = this.#subjects.get(subject) ?? [];
    this.#subjects.delete(subject);
    this.#subjects.set(subject, leases);
    let lease = leases.find((one) => one.revisions === revisions);
    if (lease === undefined) {
      const none = { left: 0, endsAtMs: 0, results: [], taken: [], taking: undefined };
      lease = { revisions, ...none, secondBeganMs: -Infinity, requestsInSecond: 0 };
      leases.push(lease);
      if (this.#subjects.size > MAX_SUBJECTS) void this.#tidy();
    }
    return lease;
  }

  #isSpent({ left, endsAtMs }: Lease): boolean {
    return left === 0 || this.#clock.monotonicMs() >= endsAtMs;
  }

  #isHot(lease: Lease): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - lease.secondBeganMs >= 1_000) {
      // One that has just been hot stays so as long as it goes on.
      lease.requestsInSecond = lease.left > 0 ? this.#settings.hotPerSecond : 0;
      lease.secondBeganMs = nowMs;
    }
    return ++lease.requestsInSecond > this.#settings.hotPerSecond;
  }

  #results({ results, left }: Lease): readonly PolicyResult[] {
    return results.map((result) => ({
      ...result,
      used: result.used - left,
      remaining: result.remaining + left,
      source: 'lease',
    }));
  }
}

/** Whose request it is, if it can be served from what was taken in advance: one subject, a cost of 1, nothing to wait for. */
function leasableSubject(asked: readonly AskedLimit[]): string | undefined {
  const subject = asked[0]?.subject;
  const isLeasable = asked.every(
    ({ policy, cost, subject: own }) =>
      cost === 1 && own === subject && !policy.isShadow && LEASABLE.includes(policy.rule.kind),
  );
  return isLeasable ? subject : undefined;
}
