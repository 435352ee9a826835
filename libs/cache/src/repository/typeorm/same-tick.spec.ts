import { describe, expect, it, jest } from '@jest/globals';
import { SameTick } from './same-tick.js';

describe('SameTick', () => {
  it('handles at once what comes in one tick, apart for each key', async () => {
    const handle = jest.fn<(key: object, items: readonly number[]) => Promise<void>>().mockResolvedValue();
    const batches = new SameTick(handle);
    const [one, other] = [{}, {}];
    await Promise.all([batches.add(one, 1), batches.add(other, 2), batches.add(one, 3)]);
    await batches.add(one, 4);

    expect(handle.mock.calls).toEqual([
      [one, [1, 3]],
      [other, [2]],
      [one, [4]],
    ]);
  });

  it('rejects for all whose handling fails, and for no other', async () => {
    const error = new Error('deadlock detected');
    const handle = jest.fn<() => Promise<void>>().mockRejectedValueOnce(error).mockResolvedValue();
    const batches = new SameTick<object, number>(handle);
    const key = {};
    const outcomes = await Promise.allSettled([batches.add(key, 1), batches.add(key, 2)]);

    expect(outcomes).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    await expect(batches.add(key, 3)).resolves.toBeUndefined();
  });
});
