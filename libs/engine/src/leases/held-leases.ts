import type { Clock, ClockTimer, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';

/** How long a lease lives without being renewed: how long the death of its holder stays unnoticed. */
export const LEASE_MS = 2_000;
const RENEW_EVERY_MS = 500;

interface HeldLease {
  readonly token: string;
  /** When the last command that gave it its time was sent. */
  renewedAtMs: number;
}

/**
 * The leases that this process holds, renewed by one timer as long as their loads run.
 *
 * Renewing is a plain command, so that this process is not told of it. It may prolong the lease of another holder once;
 * then the answer shows that, and it is let go. A process that was stopped for the life of a lease does not renew it.
 */
export class HeldLeases {
  readonly #leases = new Map<string, HeldLease>();
  readonly #process: string;
  #issued = 0;
  #timer: ClockTimer | undefined;

  constructor(
    private readonly redis: RedisPort,
    private readonly clock: Clock,
    random: Random,
  ) {
    this.#process = random.bytes(8).toString('hex');
  }

  /** Tells this process and load from any other. */
  newToken(): string {
    return `${this.#process}:${String(++this.#issued)}`;
  }

  /** A lease was granted by a command that was sent at `sentAtMs`. */
  hold(leaseKey: string, token: string, sentAtMs: number): void {
    this.#leases.set(leaseKey, { token, renewedAtMs: sentAtMs });
    this.#timer ??= this.clock.setTimer(this.#renew, RENEW_EVERY_MS);
  }

  /** The lease is being ended, or was lost. */
  letGo(leaseKey: string, token: string): void {
    if (this.#leases.get(leaseKey)?.token === token) this.#leases.delete(leaseKey);
  }

  /** The leases whose keys begin so, with their tokens. */
  ofPrefix(prefix: string): [leaseKey: string, token: string][] {
    return [...this.#leases]
      .filter(([leaseKey]) => leaseKey.startsWith(prefix))
      .map(([leaseKey, { token }]) => [leaseKey, token]);
  }

  close(): void {
    this.#leases.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #renew = (): void => {
    const nowMs = this.clock.monotonicMs();
    for (const [leaseKey, lease] of this.#leases) {
      if (nowMs - lease.renewedAtMs >= LEASE_MS) this.#leases.delete(leaseKey);
      else if (nowMs - lease.renewedAtMs >= RENEW_EVERY_MS) void this.#renewOne(leaseKey, lease, nowMs);
    }
    this.#timer = this.#leases.size === 0 ? undefined : this.clock.setTimer(this.#renew, RENEW_EVERY_MS);
  };

  async #renewOne(leaseKey: string, lease: HeldLease, nowMs: number): Promise<void> {
    try {
      const [, holder] = await Promise.all([
        this.redis.send('PEXPIRE', [leaseKey, LEASE_MS]),
        this.redis.send('GET', [leaseKey]),
      ]);
      if ((holder as Buffer | null)?.toString() === lease.token) lease.renewedAtMs = nowMs;
      else this.letGo(leaseKey, lease.token);
    } catch {
      // Not renewed this time; whether it is still held shows at the next, or when the value is stored.
    }
  }
}
