import { describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { SettledRows } from './settled-rows.js';

describe('SettledRows', () => {
  it('deletes what comes within a tenth of a second at once', async () => {
    const clock = new FakeClock();
    const deleteRows = jest.fn(async (_: readonly string[]) => undefined);
    const settled = new SettledRows(clock, deleteRows);
    settled.add(['1']);
    await clock.advanceAsync(99);
    settled.add(['2', '3']);
    expect(deleteRows).not.toHaveBeenCalled();
    await clock.advanceAsync(1);
    settled.add(['4']);
    await clock.advanceAsync(100);

    expect(deleteRows.mock.calls).toEqual([[['1', '2', '3']], [['4']]]);
  });

  it('leaves to the relay what cannot be deleted', async () => {
    const clock = new FakeClock();
    const deleteRows = jest.fn(async (_: readonly string[]) => Promise.reject(new Error('away')));
    const settled = new SettledRows(clock, deleteRows);
    settled.add(['1']);
    await settled.flush();
    await clock.advanceAsync(1000);
    await settled.flush();

    expect(deleteRows.mock.calls).toEqual([[['1']]]);
  });
});
