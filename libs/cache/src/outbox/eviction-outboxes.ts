import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SystemClock, SystemRandom } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { CACHE_REDIS, CACHE_SETTINGS } from '../cache.tokens.js';
import { NamedCaches } from '../named-caches.js';
import type { ResolvedSettings } from '../options/resolved-settings.js';
import { EvictionOutbox } from './eviction-outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxTable } from './outbox-table.js';
import { TypeOrmPool } from './typeorm.pool.js';
import type { QueryRunnerSource } from './typeorm.pool.js';

/** How long the shutdown waits for the last drain. */
const LAST_DRAIN_MS = 2_000;

/** A data source that may have an outbox. */
export interface OutboxSource extends QueryRunnerSource {
  readonly driver: { readonly options: { readonly type: string } };
}

/**
 * The outboxes of an application: one for each PostgreSQL data source of its cached repositories, where the option
 * `outbox` asks for them. They are drained from the end of the boot until the shutdown begins.
 */
@Injectable()
export class EvictionOutboxes implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly outboxes = new Map<OutboxSource, EvictionOutbox>();
  private readonly clock = new SystemClock();
  private relays: OutboxRelay[] = [];

  constructor(
    @Inject(CACHE_SETTINGS) private readonly settings: ResolvedSettings,
    @Inject(CACHE_REDIS) private readonly redis: RedisPort | undefined,
    private readonly caches: NamedCaches,
  ) {}

  /** The outbox in the database of a data source; `undefined` where there is none. */
  of(dataSource: OutboxSource): EvictionOutbox | undefined {
    const { settings, redis, caches, clock } = this;
    if (settings.outbox === undefined || redis === undefined || dataSource.driver.options.type !== 'postgres') {
      return undefined;
    }
    let outbox = this.outboxes.get(dataSource);
    if (outbox === undefined) {
      outbox = new EvictionOutbox({
        pool: new TypeOrmPool(dataSource),
        table: new OutboxTable(settings.outbox.table, caches.root.name),
        clock,
        findCache: (name) => caches.find(name),
        probe: () => redis.send('PING', []),
      });
      this.outboxes.set(dataSource, outbox);
    }
    return outbox;
  }

  /**
   * Creates the tables that are not there.
   *
   * @throws OutboxTableError
   */
  async prepare(): Promise<void> {
    await Promise.all([...this.outboxes.values()].map((outbox) => outbox.prepare()));
  }

  onApplicationBootstrap(): void {
    const { settings, clock } = this;
    if (settings.outbox === undefined) return;
    const { intervalMs } = settings.outbox;
    const random = new SystemRandom();
    this.relays = [...this.outboxes.values()].map((outbox) => new OutboxRelay({ outbox, intervalMs, clock, random }));
    for (const relay of this.relays) relay.start();
  }

  /** While the databases are still there: they are closed in `onApplicationShutdown`. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay.stop(LAST_DRAIN_MS)));
  }
}
