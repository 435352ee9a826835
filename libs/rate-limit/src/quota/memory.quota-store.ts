import {
  QuotaStore,
  type QuotaCounter,
  type QuotaScope,
  type QuotaSettlement,
  type QuotaSettleOutcome,
  type QuotaStanding,
  type QuotaTake,
  type QuotaTakeOutcome,
} from './quota-store.port.js';

interface Count {
  used: number;
  /** The highest threshold that was told. */
  warned: number;
  forgetAtMs: number;
}

interface Reservation {
  readonly cost: number;
  readonly ids: readonly string[];
  readonly endsAtMs: number;
}

interface Remembered {
  readonly state: 'taken' | 'open' | 'committed' | 'cancelled';
  readonly forgetAtMs: number;
}

/** All of one user in one quota. */
interface Account {
  readonly counts: Map<string, Count>;
  readonly open: Map<string, Reservation>;
  readonly ids: Map<string, Remembered>;
}

/** How large a {@link MemoryQuotaStore} may get, and where it has its time from. */
export interface MemoryQuotaStoreOptions {
  /** Users times quotas; beyond, the one that asked longest ago is forgotten, and begins anew. Default 10 000. */
  readonly maxAccounts?: number;
  /** Ms since 1970 UTC; the wall clock of the machine by default. */
  readonly nowMs?: () => number;
}

/** Quotas in the memory of this process: for one process, and for tests. They end with it. */
export class MemoryQuotaStore extends QuotaStore {
  readonly #accounts = new Map<string, Account>();
  readonly #maxAccounts: number;
  readonly #nowMs: () => number;

  constructor({ maxAccounts = 10_000, nowMs = () => Date.now() }: MemoryQuotaStoreOptions = {}) {
    super();
    this.#maxAccounts = maxAccounts;
    this.#nowMs = nowMs;
  }

  override async take(take: QuotaTake): Promise<QuotaStanding<QuotaTakeOutcome>> {
    const nowMs = this.#nowMs();
    if (!isWithin(take.counters, nowMs)) return nothing('wrong-period', nowMs, take);
    const account = this.#accountOf(take.user, take.quota, nowMs);
    if (take.id !== undefined && stateOf(account, take.id, nowMs) !== undefined)
      return standing('repeated', nowMs, account, take);
    const isDenied = take.cost > 0 && take.counters.some(({ id, limit }) => usedOf(account, id) + take.cost > limit);
    if (isDenied) return standing('denied', nowMs, account, take);
    const reached = charge(account, take, take.cost);
    if (take.id !== undefined && take.cost !== 0) {
      remember(account, take.id, take.reserveMs === undefined ? 'taken' : 'open', nowMs + take.rememberMs);
      if (take.reserveMs !== undefined) {
        const ids = take.counters.map((counter) => counter.id);
        account.open.set(take.id, { cost: take.cost, ids, endsAtMs: nowMs + take.reserveMs });
      }
    }
    return standing('taken', nowMs, account, take, reached);
  }

  override async settle(settlement: QuotaSettlement): Promise<QuotaStanding<QuotaSettleOutcome>> {
    const nowMs = this.#nowMs();
    if (!isWithin(settlement.counters, nowMs)) return nothing('wrong-period', nowMs, settlement);
    const account = this.#accountOf(settlement.user, settlement.quota, nowMs);
    const { id, actual } = settlement;
    const reservation = account.open.get(id);
    const state = stateOf(account, id, nowMs);
    const noteEnd = (): void =>
      remember(account, id, actual === undefined ? 'cancelled' : 'committed', nowMs + settlement.rememberMs);
    if (reservation !== undefined) {
      giveBack(account, id, reservation);
      const reached = charge(account, settlement, actual ?? 0, reservation.ids);
      noteEnd();
      return standing('settled', nowMs, account, settlement, reached);
    }
    if (state === 'committed' || (state === 'cancelled' && actual === undefined)) {
      return standing('settled', nowMs, account, settlement);
    }
    if (state === 'cancelled') return standing('cancelled', nowMs, account, settlement);
    if (state !== 'open' && !settlement.isForced) return standing('unknown', nowMs, account, settlement);
    noteEnd();
    if (actual === undefined) return standing('settled', nowMs, account, settlement);
    return standing('late', nowMs, account, settlement, charge(account, settlement, actual));
  }

  override async usedIn(user: string, quota: string, ids: readonly string[]): Promise<number[]> {
    const account = this.#accounts.get(keyOf(user, quota));
    return ids.map((id) => (account === undefined ? 0 : usedOf(account, id)));
  }

  override async reset(user: string, quota: string, ids: readonly string[]): Promise<void> {
    const account = this.#accounts.get(keyOf(user, quota));
    for (const id of ids) account?.counts.delete(id);
  }

  override async nowMs(): Promise<number> {
    return this.#nowMs();
  }

  #accountOf(user: string, quota: string, nowMs: number): Account {
    const key = keyOf(user, quota);
    const account = this.#accounts.get(key) ?? { counts: new Map(), open: new Map(), ids: new Map() };
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    if (this.#accounts.size > this.#maxAccounts) {
      for (const [oldest] of this.#accounts) {
        this.#accounts.delete(oldest);
        break;
      }
    }
    tidy(account, nowMs);
    return account;
  }
}

function tidy(account: Account, nowMs: number): void {
  for (const [id, reservation] of account.open) if (reservation.endsAtMs <= nowMs) giveBack(account, id, reservation);
  for (const [id, { forgetAtMs }] of account.counts) if (forgetAtMs <= nowMs) account.counts.delete(id);
  // In the order in which they were noted, which is nearly that in which they are forgotten.
  for (const [id, { forgetAtMs }] of account.ids) {
    if (forgetAtMs > nowMs) break;
    account.ids.delete(id);
  }
}

function stateOf(account: Account, id: string, nowMs: number): Remembered['state'] | undefined {
  const remembered = account.ids.get(id);
  return remembered === undefined || remembered.forgetAtMs <= nowMs ? undefined : remembered.state;
}

function remember(account: Account, id: string, state: Remembered['state'], forgetAtMs: number): void {
  account.ids.delete(id);
  account.ids.set(id, { state, forgetAtMs });
}

function giveBack(account: Account, id: string, { cost, ids }: Reservation): void {
  account.open.delete(id);
  for (const one of ids) {
    const count = account.counts.get(one);
    if (count !== undefined) count.used = Math.max(0, count.used - cost);
  }
}

/** Adds to the counters, or to those of older periods; returns what thresholds it was the first to reach. */
function charge(account: Account, scope: QuotaScope, cost: number, ids?: readonly string[]): number[][] {
  if (cost !== 0) {
    const endOf = new Map(scope.counters.map(({ id, endsAtMs }) => [id, endsAtMs]));
    const latestEndMs = Math.max(...endOf.values());
    for (const id of ids ?? endOf.keys()) {
      const count = countOf(account, id, (endOf.get(id) ?? latestEndMs) + scope.keepMs);
      count.used = Math.max(0, count.used + cost);
    }
  }
  return scope.counters.map(({ id, limit }) => {
    const count = account.counts.get(id);
    if (count === undefined || !(limit > 0 && limit < Infinity)) return [];
    const reached = scope.thresholds.filter((one) => one > count.warned && count.used * 100 >= one * limit);
    count.warned = Math.max(count.warned, ...reached);
    return reached;
  });
}

function countOf(account: Account, id: string, forgetAtMs: number): Count {
  const count = account.counts.get(id) ?? { used: 0, warned: 0, forgetAtMs };
  account.counts.set(id, count);
  return count;
}

function usedOf(account: Account, id: string): number {
  return account.counts.get(id)?.used ?? 0;
}

function reservedOf(account: Account, id: string): number {
  let sum = 0;
  for (const { cost, ids } of account.open.values()) if (ids.includes(id)) sum += cost;
  return sum;
}

function standing<Outcome>(
  outcome: Outcome,
  nowMs: number,
  account: Account,
  { counters }: QuotaScope,
  reached: readonly (readonly number[])[] = counters.map(() => []),
): QuotaStanding<Outcome> {
  return {
    outcome,
    nowMs,
    used: counters.map(({ id }) => usedOf(account, id)),
    reserved: counters.map(({ id }) => reservedOf(account, id)),
    reached,
  };
}

function nothing<Outcome>(outcome: Outcome, nowMs: number, { counters }: QuotaScope): QuotaStanding<Outcome> {
  const zeros = counters.map(() => 0);
  return { outcome, nowMs, used: zeros, reserved: zeros, reached: counters.map(() => []) };
}

function isWithin(counters: readonly QuotaCounter[], nowMs: number): boolean {
  return counters.every(({ startsAtMs, endsAtMs }) => startsAtMs <= nowMs && nowMs < endsAtMs);
}

function keyOf(user: string, quota: string): string {
  return `${quota}\n${user}`;
}
