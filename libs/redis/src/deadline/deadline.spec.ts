import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import fc from 'fast-check';
import { Deadline, Expiring } from './deadline.js';

class Item extends Expiring {
  readonly expirations: number[] = [];
  toldAfterMs: number | undefined;

  constructor(private readonly clock: FakeClock) {
    super();
  }

  override expire(afterMs: number): void {
    this.toldAfterMs = afterMs;
    this.expirations.push(this.clock.monotonicMs());
  }
}

describe('Deadline', () => {
  it('expires what is not over in time, once, and nothing else', async () => {
    const clock = new FakeClock(0);
    const deadline = new Deadline(clock, 50);
    const [first, second, third] = [new Item(clock), new Item(clock), new Item(clock)];
    deadline.watch(first);
    deadline.watch(second);
    await clock.advanceAsync(30);
    deadline.watch(third);
    deadline.forget(second);
    await clock.advanceAsync(20);
    await twoTurns();
    expect([first.expirations, second.expirations, third.expirations]).toEqual([[50], [], []]);
    await clock.advanceAsync(30);
    await twoTurns();
    expect([first.expirations, second.expirations, third.expirations]).toEqual([[50], [], [80]]);
    expect(third.toldAfterMs).toBe(50);
  });

  it('lets a reply that has already arrived come first', async () => {
    const clock = new FakeClock(0);
    const deadline = new Deadline(clock, 50);
    const item = new Item(clock);
    deadline.watch(item);
    clock.advance(500);
    setImmediate(() => deadline.forget(item));
    await twoTurns();
    await twoTurns();
    expect(item.expirations).toEqual([]);
  });

  it('has one timer, whatever it watches, and none when idle', async () => {
    const clock = new FakeClock(0);
    const deadline = new Deadline(clock, 50);
    const items = Array.from({ length: 100 }, () => new Item(clock));
    for (const item of items) deadline.watch(item);
    expect(clock.pendingTimers).toBe(1);
    for (const item of items) deadline.forget(item);
    await clock.advanceAsync(50);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts from the first watch', async () => {
    const clock = new FakeClock(0);
    const deadline = new Deadline(clock, 50);
    const item = new Item(clock);
    deadline.watch(item);
    await clock.advanceAsync(40);
    deadline.watch(item);
    await clock.advanceAsync(10);
    await twoTurns();
    expect(item.expirations).toEqual([50]);
  });

  it('does nothing more once stopped', async () => {
    const clock = new FakeClock(0);
    const deadline = new Deadline(clock, 50);
    const item = new Item(clock);
    deadline.watch(item);
    clock.advance(50);
    deadline.stop();
    await twoTurns();
    expect(item.expirations).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    new Deadline(clock, 50).stop();
  });

  it('agrees with a naive deadline for any sequence of events', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('watch' as const), item: fc.nat(9) }),
      fc.record({ kind: fc.constant('forget' as const), item: fc.nat(9) }),
      fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(60) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const clock = new FakeClock(0);
        const deadline = new Deadline(clock, 50);
        const items = Array.from({ length: 10 }, () => new Item(clock));
        const untilMs = new Map<number, number>();
        const expected = items.map(() => 0);
        for (const step of events) {
          if (step.kind === 'advance') {
            await clock.advanceAsync(step.ms);
            await twoTurns();
            for (const [item, endMs] of untilMs) {
              if (endMs > clock.monotonicMs()) continue;
              expected[item] = (expected[item] ?? 0) + 1;
              untilMs.delete(item);
            }
          } else {
            const item = items[step.item];
            if (item === undefined) throw new Error('no such item');
            deadline[step.kind](item);
            if (step.kind === 'forget') untilMs.delete(step.item);
            else if (!untilMs.has(step.item)) untilMs.set(step.item, clock.monotonicMs() + 50);
          }
        }
        expect(items.map(({ expirations }) => expirations.length)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});

/** As long as a reply that has arrived may take to be read. */
async function twoTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
