import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { EvictIntent } from '../../outbox/evict-intent.js';
import type { EntityChange } from '../entity-change.js';
import { TransactionJournal } from './transaction-journal.js';
import type { ChangeListener, DurableEvicts, RecordedChange } from './transaction-journal.js';
import type { QueryRunnerShape } from './typeorm-shapes.js';

const changed = jest.fn<(change: EntityChange<never, never>) => Promise<{ confirmed: boolean }>>();
const listener = { changed };

function rows(...names: string[]): RecordedChange {
  return { listener, change: { rows: names as never[] } };
}

let journal: TransactionJournal;
let connection: QueryRunnerShape & { isTransactionActive: boolean };

beforeEach(() => {
  journal = new TransactionJournal();
  connection = connectionOf(() => ({}));
  changed.mockReset().mockResolvedValue({ confirmed: true });
});

/** @param createQueryRunner that of the driver */
function connectionOf(createQueryRunner: () => object): typeof connection {
  const manager = { dataSource: { driver: { createQueryRunner } } } as never;
  return { isTransactionActive: false, manager, query: undefined as never, release: async () => undefined };
}

function begin(): void {
  connection.isTransactionActive = true;
  journal.begin(connection);
}

function commit(isOutermost: boolean): Promise<void> {
  connection.isTransactionActive = !isOutermost;
  return journal.commit(connection);
}

describe('TransactionJournal', () => {
  it('tells a change at once where no transaction is open', async () => {
    await journal.record(connection, rows('a'));

    expect(changed.mock.calls).toEqual([[{ rows: ['a'] }]]);
  });

  it('tells all changes of a transaction in one when it is committed', async () => {
    begin();
    await journal.record(connection, rows('a'));
    await journal.record(connection, { listener, change: {} });
    await journal.record(connection, rows('b'));
    expect(changed).not.toHaveBeenCalled();
    await commit(true);

    expect(changed.mock.calls).toEqual([[{ rows: ['a', 'b'] }]]);
  });

  it('tells everything where one of the changes is everything', async () => {
    begin();
    await journal.record(connection, rows('a'));
    await journal.record(connection, { listener, change: 'everything' });
    await commit(true);

    expect(changed.mock.calls).toEqual([['everything']]);
  });

  it('tells each listener its own changes', async () => {
    const other = { changed: jest.fn(async () => ({ confirmed: true })) };
    begin();
    await journal.record(connection, rows('a'));
    await journal.record(connection, { listener: other, change: { rows: ['b'] as never[] } });
    await commit(true);

    expect(changed.mock.calls).toEqual([[{ rows: ['a'] }]]);
    expect(other.changed.mock.calls).toEqual([[{ rows: ['b'] }]]);
  });

  it('tells nothing of a transaction that is rolled back, nor of the one after it', async () => {
    begin();
    await journal.record(connection, rows('a'));
    journal.rollback(connection);
    begin();
    await commit(true);

    expect(changed).not.toHaveBeenCalled();
  });

  it('forgets what came after a savepoint that is rolled back to, and keeps what a released one had', async () => {
    begin();
    await journal.record(connection, rows('before'));
    begin();
    await journal.record(connection, rows('released'));
    await commit(false);
    begin();
    await journal.record(connection, rows('undone'));
    journal.rollback(connection);
    await journal.record(connection, rows('after'));
    await commit(true);

    expect(changed.mock.calls).toEqual([[{ rows: ['before', 'released', 'after'] }]]);
  });

  it('keeps the changes of a transaction whose begin it has not heard until the outermost commit', async () => {
    connection.isTransactionActive = true;
    await journal.record(connection, rows('a'));
    await commit(false);
    expect(changed).not.toHaveBeenCalled();
    await commit(true);

    expect(changed.mock.calls).toEqual([[{ rows: ['a'] }]]);
  });

  it('tells of every change, savepoints included, when nobody knows whether the transaction is committed', async () => {
    begin();
    await journal.record(connection, rows('a'));
    begin();
    await journal.record(connection, rows('b'));
    await journal.doubt(connection);

    expect(changed.mock.calls).toEqual([[{ rows: ['a', 'b'] }]]);
  });

  it('keeps connections apart', async () => {
    const other = { ...connection, isTransactionActive: false };
    begin();
    await journal.record(connection, rows('a'));
    await journal.commit(other);

    expect(changed).not.toHaveBeenCalled();
  });
});

describe('TransactionJournal with a listener that caches what is written', () => {
  const done: string[] = [];
  const renewing: ChangeListener = {
    changed,
    renew: async (change) => {
      await Promise.resolve();
      done.push(`renewed ${String(change === 'everything' ? change : change.rows)}`);
    },
  };
  const written = (...names: string[]): RecordedChange => ({ ...rows(...names), listener: renewing });

  beforeEach(() => {
    done.length = 0;
    changed.mockImplementation(async () => {
      done.push('evicted');
      return { confirmed: true };
    });
    connection.release = async () => void done.push('released');
  });

  it('tells it once the connection is given back, which is over when that is', async () => {
    for (const name of ['a', 'b']) {
      begin();
      await journal.record(connection, written(name));
      await commit(true);
    }
    await journal.record(connection, written('c'));
    expect(done).toEqual(['evicted', 'evicted', 'evicted']);
    await connection.release();

    expect(done.splice(0)).toEqual([
      ...['evicted', 'evicted', 'evicted', 'released'],
      ...['renewed a', 'renewed b', 'renewed c'],
    ]);
    await connection.release();
    expect(done).toEqual(['released']);
  });

  it('tells it at once where there is no connection', async () => {
    await journal.record(undefined, written('a'));

    expect(done).toEqual(['evicted', 'renewed a']);
  });

  it('tells it at once where one connection is there for everybody', async () => {
    const shared = connectionOf(() => shared);
    await journal.record(shared, written('a'));

    expect(done).toEqual(['evicted', 'renewed a']);
  });
});

describe('TransactionJournal with an outbox', () => {
  const settle = jest.fn();
  const record = jest.fn<DurableEvicts['outbox']['record']>();
  const intentOf = (change: EntityChange<never, never>): EvictIntent => ({
    cache: null,
    kind: 'tag',
    targets: change === 'everything' ? ['all'] : [...(change.rows ?? [])],
  });
  const missed = jest.fn();
  const durable = { outbox: { record }, intentOf, missed };
  const hero = { changed, durable };
  const story = { changed, durable };
  const written = (listener: ChangeListener, ...names: string[]): RecordedChange => ({ ...rows(...names), listener });
  const recorded = (): string[][] => record.mock.calls.map(([, intents]) => intents.flatMap(({ targets }) => targets));

  beforeEach(() => {
    settle.mockReset();
    missed.mockReset();
    record.mockReset().mockResolvedValue({ settle });
  });

  it('writes the evicts of all listeners down at once, and settles them when they are confirmed', async () => {
    begin();
    await journal.record(connection, written(hero, 'a'));
    await journal.record(connection, written(story, 'b'));
    await journal.record(connection, written({ changed }, 'not durable'));
    await journal.prepare(connection);
    expect(recorded()).toEqual([['a', 'b']]);
    expect(settle).not.toHaveBeenCalled();
    await commit(true);

    expect(changed).toHaveBeenCalledTimes(3);
    expect(settle).toHaveBeenCalledTimes(1);
  });

  it('writes nothing down of what a savepoint took back, nor for a transaction that changed nothing', async () => {
    begin();
    begin();
    await journal.record(connection, written(hero, 'undone'));
    journal.rollback(connection);
    await journal.prepare(connection);
    await commit(true);

    expect(record).not.toHaveBeenCalled();
  });

  it('leaves them written down while one of them is not confirmed', async () => {
    changed.mockResolvedValueOnce({ confirmed: false });
    begin();
    await journal.record(connection, written(hero, 'a'));
    await journal.record(connection, written(story, 'b'));
    await journal.prepare(connection);
    await commit(true);

    expect(settle).not.toHaveBeenCalled();
  });

  it('leaves them written down when nobody knows whether the transaction is committed', async () => {
    begin();
    await journal.record(connection, written(hero, 'a'));
    await journal.prepare(connection);
    await journal.doubt(connection);
    journal.rollback(connection);

    expect(changed).toHaveBeenCalledTimes(1);
    expect(settle).not.toHaveBeenCalled();
  });

  it('settles none of a former transaction of the connection', async () => {
    begin();
    await journal.record(connection, written(hero, 'a'));
    await journal.prepare(connection);
    journal.rollback(connection);
    begin();
    await journal.record(connection, written({ changed }, 'b'));
    await journal.prepare(connection);
    await commit(true);

    expect(settle).not.toHaveBeenCalled();
  });

  it('says that it keeps nothing where there is no transaction', async () => {
    await journal.record(connection, written(hero, 'a'));
    expect(missed).toHaveBeenCalledTimes(1);
    begin();
    await journal.record(connection, written(hero, 'b'));

    expect(missed).toHaveBeenCalledTimes(1);
  });

  it('keeps one outbox apart from another', async () => {
    const other = { ...durable, outbox: { record: jest.fn(record) } };
    begin();
    await journal.record(connection, written(hero, 'a'));
    await journal.record(connection, written({ changed, durable: other }, 'b'));
    await journal.prepare(connection);
    await commit(true);

    expect(recorded()).toEqual([['a'], ['b']]);
    expect(other.outbox.record).toHaveBeenCalledTimes(1);
    expect(settle).toHaveBeenCalledTimes(2);
  });
});
