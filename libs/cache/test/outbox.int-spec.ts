import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, FakeClock, PostgresServer } from '@nest-strata/testing';
import fc from 'fast-check';
import pg from 'pg';
import type { EvictableCache, EvictIntent } from '../src/outbox/evict-intent.js';
import { EvictionOutbox } from '../src/outbox/eviction-outbox.js';
import type { EvictionOutboxParts } from '../src/outbox/eviction-outbox.js';
import { OutboxTableError } from '../src/outbox/outbox-table.error.js';
import { OutboxTable } from '../src/outbox/outbox-table.js';
import { inTransaction, withConnection } from '../src/outbox/sql-pool.port.js';

let postgres: PostgresServer;
let pool: pg.Pool;
const clock = new FakeClock();

/** What was evicted, as `cache kind targets`. */
const evicted: string[] = [];
/** While false, no evict is confirmed. */
let isConfirmed = true;

function cacheCalled(name: string): EvictableCache {
  const evict = async (what: string): Promise<{ confirmed: boolean }> => {
    evicted.push(`${name} ${what}`);
    return { confirmed: isConfirmed };
  };
  return {
    deleteMany: (keys) => evict(`key ${keys.join()}`),
    deleteByTag: (...tags) => evict(`tag ${tags.join()}`),
    clear: () => evict('clear'),
  };
}

const caches = new Map<string | undefined, EvictableCache>([
  [undefined, cacheCalled('root')],
  ['heroes', cacheCalled('heroes')],
]);

function outboxOf(parts: Partial<EvictionOutboxParts> = {}, namespace = 'shop'): EvictionOutbox {
  return new EvictionOutbox({
    pool,
    table: new OutboxTable('evictions', namespace),
    clock,
    findCache: (name) => caches.get(name),
    probe: async () => undefined,
    graceMs: 0,
    ...parts,
  });
}

const tagged = (...targets: string[]): EvictIntent => ({ cache: null, kind: 'tag', targets });

/** Leaves evicts behind, as a process that dies between its commit and the evict does. */
async function leave(outbox: EvictionOutbox, ...intents: EvictIntent[]): Promise<void> {
  await withConnection(pool, (connection) => inTransaction(connection, () => outbox.record(connection, intents)));
}

async function rows(columns = 'id'): Promise<Record<string, unknown>[]> {
  return (await pool.query(`SELECT ${columns} FROM evictions ORDER BY id`)).rows as Record<string, unknown>[];
}

beforeAll(async () => {
  postgres = await PostgresServer.start();
  pool = new pg.Pool({ connectionString: postgres.url });
  pool.on('error', () => undefined);
  await outboxOf().prepare();
}, 60_000);

afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE evictions');
  evicted.length = 0;
  isConfirmed = true;
});

describe('the table', () => {
  it('is created once, whoever else creates it at the same moment', async () => {
    const table = new OutboxTable('at_once', 'shop');
    const quicker = await pool.connect();
    await quicker.query('BEGIN');
    await quicker.query(table.createTableSql);
    const prepared = outboxOf({ table }).prepare();
    await eventually(async () => {
      const { rows: waiting } = await pool.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      return waiting.length > 0;
    });
    await quicker.query('COMMIT');
    quicker.release();
    await prepared;
    await outboxOf({ table }).prepare();

    expect((await pool.query('SELECT * FROM at_once')).rows).toEqual([]);
  });

  it('can be in a schema, and have any case', async () => {
    await pool.query('CREATE SCHEMA "Cache"');
    const outbox = outboxOf({ table: new OutboxTable('Cache.Select', 'shop') });
    await outbox.prepare();
    await leave(outbox, tagged('a'));

    expect((await pool.query('SELECT targets FROM "Cache"."Select"')).rows).toEqual([{ targets: ['a'] }]);
  });

  it('need not be created by a user who may not, and otherwise the error says what to create', async () => {
    await pool.query(`CREATE ROLE clerk LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT SELECT, INSERT, UPDATE, DELETE ON evictions TO clerk`);
    const url = new URL(postgres.url);
    url.username = 'clerk';
    const own = new pg.Pool({ connectionString: url.href });
    try {
      const outbox = outboxOf({ pool: own });
      await outbox.prepare();
      await leave(outbox, tagged('a'));
      expect(await outbox.drain()).toMatchObject({ evicted: 1 });

      const error: unknown = await outboxOf({ pool: own, table: new OutboxTable('absent', 'shop') })
        .prepare()
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(OutboxTableError);
      expect(error).toMatchObject({ code: 'OUTBOX_TABLE', table: 'absent' });
      expect(String(error)).toMatch(/permission denied for schema public[^]*CREATE TABLE IF NOT EXISTS "absent" \(/);
    } finally {
      await own.end();
    }
  });

  it('is refused when something else has its name', async () => {
    await pool.query('CREATE TABLE taken (id int)');

    await expect(outboxOf({ table: new OutboxTable('taken', 'shop') }).prepare()).rejects.toThrow(
      /The table taken .* column "namespace" does not exist/,
    );
  });
});

describe('an evict that is recorded', () => {
  it('is there once the transaction is committed, not before, and not after a rollback', async () => {
    const outbox = outboxOf();
    await withConnection(pool, async (connection) => {
      await inTransaction(connection, async () => {
        await outbox.record(connection, [tagged('a')]);
        expect(await rows()).toEqual([]);
      });
      expect(await rows('namespace, cache, kind, targets, attempts')).toEqual([
        { namespace: 'shop', cache: null, kind: 'tag', targets: ['a'], attempts: 0 },
      ]);
      const error = new Error('changed my mind');
      const work = inTransaction(connection, async () => {
        await outbox.record(connection, [tagged('b')]);
        throw error;
      });
      await expect(work).rejects.toBe(error);
    });
    expect(await rows()).toHaveLength(1);
  });

  it('goes with the savepoint that is rolled back to', async () => {
    const outbox = outboxOf();
    await withConnection(pool, (connection) =>
      inTransaction(connection, async () => {
        await outbox.record(connection, [tagged('kept')]);
        await connection.query('SAVEPOINT s', []);
        await outbox.record(connection, [tagged('undone')]);
        await connection.query('ROLLBACK TO SAVEPOINT s', []);
      }),
    );
    await outbox.drain();

    expect(evicted).toEqual(['root tag kept']);
  });

  it('is nothing where nothing is to be evicted, but for a clear', async () => {
    const outbox = outboxOf();
    await leave(outbox, tagged(), { cache: null, kind: 'clear', targets: [] });
    await leave(outbox, tagged());

    expect(await rows('kind')).toEqual([{ kind: 'clear' }]);
  });

  it('changes nothing in a transaction that an error has ended', async () => {
    const outbox = outboxOf();
    const client = await pool.connect();
    await client.query('BEGIN');
    await expect(client.query('SELECT 1/0')).rejects.toThrow(/division/);
    const recorded = await outbox.record(client, [tagged('a')]);
    await client.query('COMMIT');
    client.release();
    recorded.settle();

    expect(await rows()).toEqual([]);
  });

  it('ends a transaction in which it cannot be written', async () => {
    const outbox = outboxOf({ table: new OutboxTable('nowhere', 'shop') });

    await expect(leave(outbox, tagged('a'))).rejects.toThrow(/relation "nowhere" does not exist/);
  });

  it('may be about any text that a key or tag can be', async () => {
    const outbox = outboxOf();
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', 'x\ud800y', '\udc00', '\\u0000', '"'));
    const seen: string[][] = [];
    const cache = { ...cacheCalled('root'), deleteMany: async (keys: readonly string[]) => note(keys) };
    const note = (keys: readonly string[]): { confirmed: boolean } => {
      seen.push([...keys]);
      return { confirmed: true };
    };
    const reader = outboxOf({ findCache: () => cache });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1 }), async (targets) => {
        await leave(outbox, { cache: null, kind: 'key', targets });
        seen.length = 0;
        await reader.drain();
        expect(seen).toEqual([targets]);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves with all that are confirmed at that time, in one statement', async () => {
    const deletions: unknown[] = [];
    const watched = {
      connect: async () => {
        const client = await pool.connect();
        return {
          query: (sql: string, params: unknown[]) => {
            if (sql.startsWith('DELETE')) deletions.push(params[1]);
            return client.query(sql, params);
          },
          release: () => client.release(),
        };
      },
    };
    const outbox = outboxOf({ pool: watched });
    await withConnection(watched, async (connection) => {
      for (const tag of ['a', 'b']) (await outbox.record(connection, [tagged(tag), tagged(tag)])).settle();
    });
    expect(await rows()).toHaveLength(4);
    const ids = (await rows('id::text')).map(({ id }) => id);
    clock.advance(100);
    await eventually(async () => (await rows()).length === 0);

    expect(deletions).toEqual([ids]);
  });
});

describe('a drain', () => {
  it('carries out every kind of evict in the cache that it is for, and deletes it', async () => {
    const outbox = outboxOf();
    await leave(
      outbox,
      tagged('a', 'b'),
      { cache: 'heroes', kind: 'tag', targets: ['c'] },
      { cache: 'heroes', kind: 'key', targets: ['d', 'e'] },
      { cache: null, kind: 'clear', targets: [] },
    );

    expect(await outbox.drain()).toEqual({ evicted: 4, unconfirmed: 0, failed: 0 });
    expect(evicted).toEqual(['root tag a,b', 'heroes tag c', 'heroes key d,e', 'root clear']);
    expect(await rows()).toEqual([]);
  });

  it('leaves a row to the process that wrote it until its grace is over', async () => {
    const outbox = outboxOf({ graceMs: 60_000 });
    await leave(outbox, tagged('a'));
    expect(await outbox.drain()).toMatchObject({ evicted: 0 });
    await pool.query(`UPDATE evictions SET created_at = created_at - interval '1 minute'`);

    expect(await outbox.drain()).toMatchObject({ evicted: 1 });
  });

  it('counts the grace from the evict, not from the begin of a long transaction', async () => {
    const outbox = outboxOf({ graceMs: 300 });
    await withConnection(pool, (connection) =>
      inTransaction(connection, async () => {
        await connection.query('SELECT pg_sleep(0.4)', []);
        await outbox.record(connection, [tagged('a')]);
      }),
    );

    expect(await outbox.drain()).toMatchObject({ evicted: 0 });
  });

  it('deletes nothing that Redis has not confirmed', async () => {
    const outbox = outboxOf();
    await leave(outbox, tagged('a'), tagged('b'));
    isConfirmed = false;
    expect(await outbox.drain()).toEqual({ evicted: 0, unconfirmed: 2, failed: 0 });
    expect(await rows('attempts')).toEqual([{ attempts: 0 }, { attempts: 0 }]);
    isConfirmed = true;

    expect(await outbox.drain()).toMatchObject({ evicted: 2 });
  });

  it('does not begin while Redis cannot be asked', async () => {
    const outbox = outboxOf({ probe: async () => Promise.reject(new Error('away')) });
    await leave(outbox, tagged('a'));

    expect(await outbox.drain()).toEqual({ evicted: 0, unconfirmed: 0, failed: 0 });
    expect(evicted).toEqual([]);
    expect(await rows()).toHaveLength(1);
  });

  it('goes through any number of rows, a batch at a time', async () => {
    const outbox = outboxOf({ batchSize: 10 });
    await leave(outbox, ...Array.from({ length: 35 }, (_, at) => tagged(`${at}`)));

    expect(await outbox.drain()).toEqual({ evicted: 35, unconfirmed: 0, failed: 0 });
    expect(await rows()).toEqual([]);
  });

  it('gives up with a batch of which nothing is confirmed, and begins the next time behind it', async () => {
    const outbox = outboxOf({ batchSize: 2, findCache: () => hanging });
    const tags = ['a', 'b', 'c', 'd', 'e'];
    const confirmable = new Set<string>();
    const hanging = {
      ...cacheCalled('root'),
      deleteByTag: async (tag = '') => {
        evicted.push(tag);
        return { confirmed: confirmable.has(tag) };
      },
    };
    await leave(outbox, ...tags.map((tag) => tagged(tag)));
    expect(await outbox.drain()).toMatchObject({ unconfirmed: 2 });
    confirmable.add('d').add('e');

    expect(await outbox.drain()).toMatchObject({ evicted: 2, unconfirmed: 1 });
    expect(evicted).toEqual(tags);
    await outbox.drain();
    expect(evicted.slice(5)).toEqual(['a', 'b']);
  });

  it('sees no rows of another application', async () => {
    const [own, other] = [outboxOf(), outboxOf({}, 'forge')];
    await leave(other, tagged('theirs'));
    expect(await own.drain()).toMatchObject({ evicted: 0 });

    expect(await other.drain()).toMatchObject({ evicted: 1 });
  });

  it('rolls back when its connection is lost, and what it had evicted is evicted again', async () => {
    const outbox = outboxOf();
    await leave(outbox, tagged('a'));
    const dying = {
      ...cacheCalled('root'),
      deleteByTag: async () => {
        await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE state = 'idle in transaction' AND query LIKE '%SKIP LOCKED%'`);
        return { confirmed: true };
      },
    };
    const failing = outboxOf({ pool: quietly(pool), findCache: () => dying });
    await expect(failing.drain()).rejects.toThrow(/terminat|not queryable|ended/i);

    expect(await outbox.drain()).toMatchObject({ evicted: 1 });
    expect(evicted).toEqual(['root tag a']);
  });
});

/** pg tells of a lost connection by an event, besides failing its query. */
function quietly(from: pg.Pool): EvictionOutboxParts['pool'] {
  return {
    connect: async () => {
      const client = await from.connect();
      const ignore = (): void => undefined;
      client.on('error', ignore);
      return {
        query: (sql: string, params: unknown[]) => client.query(sql, params),
        release: () => {
          client.off('error', ignore);
          client.release(true);
        },
      };
    },
  };
}

describe('several drains at once', () => {
  it('share the rows, and evict each once', async () => {
    const outboxes = [1, 2, 3, 4].map(() => outboxOf({ batchSize: 5 }));
    const [first] = outboxes as [EvictionOutbox];
    await leave(first, ...Array.from({ length: 200 }, (_, at) => tagged(`${at}`)));
    const reports = await Promise.all(outboxes.map((outbox) => outbox.drain()));

    expect(reports.reduce((sum, report) => sum + report.evicted, 0)).toBe(200);
    expect(new Set(evicted).size).toBe(200);
    expect(evicted).toHaveLength(200);
    expect(reports.filter((report) => report.evicted > 0).length).toBeGreaterThan(1);
  });

  it('do not wait for each other', async () => {
    const outbox = outboxOf();
    await leave(outbox, tagged('a'), tagged('b'));
    await withConnection(pool, (connection) =>
      inTransaction(connection, async () => {
        await connection.query(`SELECT 1 FROM evictions WHERE targets::text = '["a"]' FOR UPDATE`, []);
        expect(await outbox.drain()).toMatchObject({ evicted: 1 });
      }),
    );

    expect(evicted).toEqual(['root tag b']);
  });
});

describe('a row that cannot be carried out', () => {
  const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const age = (): Promise<unknown> => pool.query(`UPDATE evictions SET created_at = created_at - interval '1 hour'`);

  beforeEach(() => {
    logged.mockClear();
  });

  afterAll(() => {
    logged.mockRestore();
  });

  it.each<[string, string, string]>([
    ['of a cache that this application lacks', `'elves', 'tag', '["a"]'`, 'this application has no cache "elves"'],
    ['of an unknown kind', `NULL, 'pattern', '["a*"]'`, 'there is no kind of evict called "pattern"'],
    ['without a list', `NULL, 'tag', '"a"'`, 'its targets are no list of texts'],
    ['with something else in the list', `NULL, 'key', '["a", 5]'`, 'its targets are no list of texts'],
    ['that the cache refuses', `'strict', 'tag', '[""]'`, 'no tag: ??'],
  ])('%s is set aside with its error after eight attempts, and blocks nobody', async (_, values, error) => {
    const strict = { ...cacheCalled('strict'), deleteByTag: async () => Promise.reject(new Error('no tag: é\0')) };
    const outbox = outboxOf({
      batchSize: 1,
      findCache: (name) => (name === 'strict' ? strict : caches.get(name)),
    });
    await pool.query(`INSERT INTO evictions (namespace, cache, kind, targets) VALUES ('shop', ${values})`);
    for (let attempt = 1; attempt <= 8; attempt++) {
      expect(logged).not.toHaveBeenCalled();
      await leave(outbox, tagged(`${attempt}`));
      expect(await outbox.drain()).toEqual({ evicted: 1, unconfirmed: 0, failed: 1 });
      expect(await rows('attempts, error')).toEqual([{ attempts: attempt, error }]);
    }

    expect(logged).toHaveBeenCalledTimes(1);
    expect(await outbox.drain()).toEqual({ evicted: 0, unconfirmed: 0, failed: 0 });
    expect(await rows('attempts, error')).toEqual([{ attempts: 8, error }]);
  });

  it('waits twice as long after each attempt', async () => {
    const outbox = outboxOf({ graceMs: 1000 });
    const drainAtAgeMs = async (ageMs: number): Promise<number> => {
      await pool.query(`UPDATE evictions SET created_at = clock_timestamp() - ${ageMs} * interval '1 millisecond'`);
      return (await outbox.drain()).failed;
    };
    await leave(outbox, { cache: 'elves', kind: 'tag', targets: ['a'] });

    expect(await drainAtAgeMs(500)).toBe(0);
    expect(await drainAtAgeMs(1500)).toBe(1);
    expect(await drainAtAgeMs(1500)).toBe(0);
    expect(await drainAtAgeMs(2500)).toBe(1);
    expect(await drainAtAgeMs(3500)).toBe(0);
    expect(await drainAtAgeMs(4500)).toBe(1);
  });

  it('is not tried sooner for the last drain of a process, once it has been tried', async () => {
    const outbox = outboxOf({ graceMs: 1000 });
    await leave(outbox, { cache: 'elves', kind: 'tag', targets: ['a'] });
    for (let process = 1; process <= 8; process++) {
      expect((await outboxOf({ graceMs: 1000 }).drain(0)).failed).toBe(process === 1 ? 1 : 0);
    }

    expect(await rows('attempts')).toEqual([{ attempts: 1 }]);
  });

  it('is carried out when it can be before its attempts are used up', async () => {
    const outbox = outboxOf();
    await leave(outbox, { cache: 'elves', kind: 'tag', targets: ['a'] });
    await outbox.drain();
    await age();

    expect(await outboxOf({ findCache: () => cacheCalled('elves') }).drain()).toMatchObject({ evicted: 1 });
    expect(evicted).toEqual(['elves tag a']);
  });
});
