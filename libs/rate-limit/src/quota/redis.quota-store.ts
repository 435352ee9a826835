import type { RedisPort } from '@nest-strata/redis';
import { escapeSegment, QuotaKeys } from './quota-keys.js';
import { packCounters } from './quota-script-head.js';
import { settleQuotaScript } from './settle-quota.script.js';
import { takeQuotaScript } from './take-quota.script.js';
import {
  QuotaStore,
  type QuotaScope,
  type QuotaSettlement,
  type QuotaSettleOutcome,
  type QuotaStanding,
  type QuotaTake,
  type QuotaTakeOutcome,
} from './quota-store.port.js';

/**
 * Quotas in Redis, shared by all processes: one script for each call, by the server's clock. The keys are those of
 * {@link QuotaKeys}; every one of them has an end.
 *
 * Calls reject as those of the {@link RedisPort} do.
 */
export class RedisQuotaStore extends QuotaStore {
  readonly #redis: RedisPort;
  readonly #keys: QuotaKeys;

  constructor(redis: RedisPort, namespace: string | readonly string[]) {
    super();
    this.#redis = redis;
    this.#keys = new QuotaKeys(namespace);
  }

  override take(take: QuotaTake): Promise<QuotaStanding<QuotaTakeOutcome>> {
    const { keys, args } = this.#common(take, take.rememberMs, take.id ?? '');
    const reserveMs = take.reserveMs ?? 0;
    return this.#redis.run(takeQuotaScript, keys, { ...args, cost: take.cost, reserveMs });
  }

  override settle(settlement: QuotaSettlement): Promise<QuotaStanding<QuotaSettleOutcome>> {
    const { keys, args } = this.#common(settlement, settlement.rememberMs, settlement.id);
    const isForced = settlement.isForced ? 1 : 0;
    return this.#redis.run(settleQuotaScript, keys, { ...args, actual: settlement.actual ?? '', isForced });
  }

  override async usedIn(user: string, quota: string, ids: readonly string[]): Promise<number[]> {
    const prefix = this.#keys.prefix(user, quota);
    const counts = await this.#redis.read(ids.map((id) => prefix + id));
    return counts.map((count) => (count === null ? 0 : Number(count)));
  }

  override async reset(user: string, quota: string, ids: readonly string[]): Promise<void> {
    const prefix = this.#keys.prefix(user, quota);
    if (ids.length > 0)
      await this.#redis.send(
        'DEL',
        ids.flatMap((id) => [prefix + id, `${prefix}${id}:warned`]),
      );
  }

  override async nowMs(): Promise<number> {
    const [seconds, microseconds] = (await this.#redis.send('TIME', [])) as [Buffer, Buffer];
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  #common({ user, quota, counters, thresholds, keepMs }: QuotaScope, rememberMs: number, id: string) {
    const prefix = this.#keys.prefix(user, quota);
    return {
      keys: { open: `${prefix}open` },
      args: {
        prefix,
        counters: packCounters(counters),
        thresholds: thresholds.join(','),
        keepMs,
        rememberMs,
        id: escapeSegment(id),
      },
    };
  }
}
