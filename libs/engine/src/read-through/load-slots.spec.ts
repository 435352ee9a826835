import { describe, expect, it } from '@jest/globals';
import { Gate } from '@nest-strata/testing';
import { LoadShedError } from './load-shed.error.js';
import { LoadSlots } from './load-slots.js';

const { signal } = new AbortController();
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('LoadSlots', () => {
  it('runs so many at once, the others in their order', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 2, maxQueued: 10 });
    const gate = new Gate<number>();
    const began: number[] = [];
    const run = (load: number) =>
      slots.run(async () => {
        began.push(load);
        await gate.pass(load);
        return load;
      }, signal);
    const results = Promise.all([1, 2, 3, 4, 5].map(run));
    await tick();
    expect(began).toEqual([1, 2]);
    gate.release((load) => load === 2);
    await tick();
    expect(began).toEqual([1, 2, 3]);
    gate.open();
    expect(await results).toEqual([1, 2, 3, 4, 5]);
    expect(began).toEqual([1, 2, 3, 4, 5]);
  });

  it('sheds what would wait beyond the bound, without calling it', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 1, maxQueued: 1 });
    const gate = new Gate();
    const results = [1, 2].map(() => slots.run(() => gate.pass(), signal));
    const shed = slots.run(() => Promise.reject(new Error('called')), signal);
    await expect(shed).rejects.toBeInstanceOf(LoadShedError);
    await expect(shed).rejects.toThrow('Cache "heroes" runs 1 loads and 1 more wait.');
    gate.open();
    await Promise.all(results);
    expect(await slots.run(() => Promise.resolve('again'), signal)).toBe('again');
  });

  it('queues nothing where nothing may wait', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 1, maxQueued: 0 });
    const gate = new Gate();
    const running = slots.run(() => gate.pass(), signal);
    await expect(slots.run(() => Promise.resolve(1), signal)).rejects.toMatchObject({ code: 'LOAD_SHED' });
    gate.open();
    await running;
  });

  it('gives the slot of one that fails to the next', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 1, maxQueued: 1 });
    const failing = slots.run(() => Promise.reject(new Error('away')), signal);
    const next = slots.run(() => Promise.resolve('next'), signal);
    await expect(failing).rejects.toThrow('away');
    expect(await next).toBe('next');
  });

  it('runs nothing that was given up while it waited, and lets others have its place', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 1, maxQueued: 1 });
    const gate = new Gate();
    const running = slots.run(() => gate.pass(), signal);
    const impatient = new AbortController();
    const givenUp = slots.run(() => Promise.reject(new Error('called')), impatient.signal);
    impatient.abort(new Error('enough'));
    const next = slots.run(() => Promise.resolve('next'), signal);
    await expect(givenUp).rejects.toThrow('enough');
    gate.open();
    await running;
    expect(await next).toBe('next');
  });

  it('runs nothing that was given up before, and takes no slot for it', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: 1, maxQueued: 0 });
    const givenUp = slots.run(() => Promise.reject(new Error('called')), AbortSignal.abort(new Error('enough')));
    await expect(givenUp).rejects.toThrow('enough');
    expect(await slots.run(() => Promise.resolve('next'), signal)).toBe('next');
  });

  it('bounds nothing when there is no bound', async () => {
    const slots = new LoadSlots('heroes', { maxConcurrent: Infinity, maxQueued: 0 });
    const gate = new Gate();
    const running = Array.from({ length: 100 }, () => slots.run(() => gate.pass(), signal));
    expect(gate.waiting).toHaveLength(100);
    gate.open();
    await Promise.all(running);
  });
});
