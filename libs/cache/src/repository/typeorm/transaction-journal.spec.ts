import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { EntityChange } from '../entity-change.js';
import { TransactionJournal } from './transaction-journal.js';
import type { RecordedChange } from './transaction-journal.js';

const changed = jest.fn<(change: EntityChange<never, never>) => Promise<void>>();
const listener = { changed };

function rows(...names: string[]): RecordedChange {
  return { listener, change: { rows: names as never[] } };
}

let journal: TransactionJournal;
let connection: { isTransactionActive: boolean; manager: never };

beforeEach(() => {
  journal = new TransactionJournal();
  connection = { isTransactionActive: false, manager: undefined as never };
  changed.mockReset().mockResolvedValue();
});

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
    const other = { changed: jest.fn<(change: EntityChange<never, never>) => Promise<void>>() };
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
    const other = { isTransactionActive: false, manager: undefined as never };
    begin();
    await journal.record(connection, rows('a'));
    await journal.commit(other);

    expect(changed).not.toHaveBeenCalled();
  });
});
