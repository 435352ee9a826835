import { describe, expect, it } from '@jest/globals';
import { AttemptLane } from './attempt-lane.js';

const allReactions = () => new Promise((resolve) => setImmediate(resolve));

describe('AttemptLane', () => {
  it('runs so many tasks at a time, in their order, whether they succeed or fail', async () => {
    const lane = new AttemptLane(2);
    const ends: ((error?: Error) => void)[] = [];
    const started: number[] = [];
    const task = (name: number) =>
      lane.run(async () => {
        started.push(name);
        await new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
        return name;
      });
    const [first, second, third, fourth] = [task(1), task(2), task(3), task(4)];
    expect(started).toEqual([1, 2]);
    ends[1]?.(new Error('broken'));
    await expect(second).rejects.toThrow('broken');
    await allReactions();
    expect(started).toEqual([1, 2, 3]);
    ends[0]?.();
    expect(await first).toBe(1);
    await allReactions();
    expect(started).toEqual([1, 2, 3, 4]);
    ends[2]?.();
    ends[3]?.();
    expect(await Promise.all([third, fourth])).toEqual([3, 4]);
    void task(5);
    void task(6);
    void task(7);
    expect(started).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
