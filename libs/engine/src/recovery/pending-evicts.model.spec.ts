import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RedisUnavailableError } from '@nest-strata/redis';
import { FakeClock, SeededRandom } from '@nest-strata/testing';
import { KeyGlob } from '../keys/key-glob.js';
import type { Evict } from './evict.js';
import { PendingEvicts } from './pending-evicts.js';

const KEYS = ['a', 'b', 'ab'];
const TAGS = ['s', 't'];
const GLOBS = ['a*', '*b'];
const EVICTS: readonly Evict[] = [
  ...KEYS.map((key) => ({ kind: 'key', key }) as const),
  ...TAGS.map((tag) => ({ kind: 'tag', tag }) as const),
  ...GLOBS.map((glob) => ({ kind: 'pattern', glob }) as const),
  { kind: 'clear' },
];

type Step =
  | { readonly do: 'add'; readonly evict: Evict; readonly lifeMs: number }
  | { readonly do: 'begin'; readonly evict: Evict }
  | { readonly do: 'acknowledge' | 'succeed' | 'fail'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'wake' | 'lose' | 'return' };

const anyEvict = fc.constantFrom(...EVICTS);
const stepsWith = (lifeMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('add'), evict: anyEvict, lifeMs }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('begin'), evict: anyEvict }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('acknowledge', 'succeed', 'fail'), which: fc.nat(20) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.nat(30).map((tenths) => tenths * 100) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('wake', 'lose', 'return') }) },
  );
  return fc.array(step, { maxLength: 60, size: 'max' });
};

/** Something that was sent to Redis: an attempt of {@link PendingEvicts}, or another operation of the process. */
interface Operation {
  readonly evict: Evict;
  readonly begunAt: number;
}

/**
 * What must be blocked, said as simply as can be: an evict that was not acknowledged, unless the same or a clear that
 * began later was; until its time is over.
 */
class Model {
  #moment = 0;
  readonly #added = new Map<Evict, { atMoment: number; coversUntilMs: number }>();

  next(): number {
    return ++this.#moment;
  }

  add(evict: Evict, coversUntilMs: number): void {
    const olderMs = this.#added.get(evict)?.coversUntilMs ?? -Infinity;
    this.#added.set(evict, { atMoment: this.next(), coversUntilMs: Math.max(olderMs, coversUntilMs) });
  }

  acknowledge({ evict, begunAt }: Operation): void {
    for (const [added, { atMoment }] of this.#added) {
      if ((added === evict || evict.kind === 'clear') && begunAt > atMoment) this.#added.delete(added);
    }
  }

  expire(nowMs: number): void {
    for (const [evict, { coversUntilMs }] of this.#added) if (coversUntilMs <= nowMs) this.#added.delete(evict);
  }

  get evicts(): readonly Evict[] {
    return [...this.#added.keys()];
  }

  blocksKey(key: string): boolean {
    return this.evicts.some((evict) => {
      if (evict.kind === 'pattern') return new KeyGlob(evict.glob).matches(key);
      return evict.kind === 'clear' || (evict.kind === 'key' && evict.key === key);
    });
  }

  blocksTag(tag: string): boolean {
    return this.evicts.some((evict) => evict.kind === 'clear' || (evict.kind === 'tag' && evict.tag === tag));
  }
}

class World {
  readonly clock = new FakeClock();
  readonly model = new Model();
  readonly pending: PendingEvicts;
  isReachable = true;
  attemptsWhileAway = 0;
  unsettled = 0;
  #attempts: (Operation & { readonly settle: (error?: Error) => void })[] = [];
  #operations: (Operation & { readonly stamp: number })[] = [];

  constructor(maxPending: number) {
    this.pending = new PendingEvicts({
      attempt: (evict) => {
        if (!this.isReachable) this.attemptsWhileAway++;
        return new Promise<void>((resolve, reject) => {
          const settle = (error?: Error) => (error === undefined ? resolve() : reject(error));
          this.#attempts.push({ evict, begunAt: this.model.next(), settle });
        });
      },
      isReachable: () => this.isReachable,
      toGlob: (glob) => new KeyGlob(glob),
      onChange: (change) => {
        if (change.kind === 'added') this.unsettled++;
        else if (change.kind === 'settled') this.unsettled--;
        else if (change.kind === 'collapsed') this.unsettled += 1 - change.count;
      },
      clock: this.clock,
      random: new SeededRandom(3),
      maxPending,
    });
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'add') this.#add(step.evict, this.clock.monotonicMs() + step.lifeMs);
    else if (step.do === 'begin') this.#begin(step.evict);
    else if (step.do === 'acknowledge') this.#acknowledge(step.which);
    else if (step.do === 'succeed' || step.do === 'fail') this.settle(step.which, step.do === 'succeed');
    else if (step.do === 'wake') this.pending.wake();
    else if (step.do === 'lose' || step.do === 'return') this.isReachable = step.do === 'return';
    await this.clock.advanceAsync(step.do === 'pass' ? step.ms : 0);
    this.model.expire(this.clock.monotonicMs());
  }

  #add(evict: Evict, coversUntilMs: number): void {
    this.pending.add(evict, coversUntilMs);
    this.model.add(evict, coversUntilMs);
  }

  #begin(evict: Evict): void {
    this.#operations.push({ evict, begunAt: this.model.next(), stamp: this.pending.stamp() });
  }

  #acknowledge(which: number): void {
    const [operation] = this.#operations.splice(which % Math.max(1, this.#operations.length), 1);
    if (operation === undefined) return;
    const { evict, stamp } = operation;
    if (evict.kind === 'key' && which % 2 === 0) this.pending.supersede(evict.key, stamp);
    else this.pending.confirm(evict, stamp);
    this.model.acknowledge(operation);
  }

  settle(which: number, isAcknowledged: boolean): boolean {
    const [attempt] = this.#attempts.splice(which % Math.max(1, this.#attempts.length), 1);
    if (attempt === undefined) return false;
    attempt.settle(isAcknowledged ? undefined : new RedisUnavailableError('deadline'));
    if (isAcknowledged) this.model.acknowledge(attempt);
    return true;
  }

  /** Redis is back and acknowledges whatever it is asked. */
  async recover(): Promise<void> {
    this.isReachable = true;
    for (let round = 0; round < 5; round++) {
      while (this.settle(0, true));
      await this.clock.advanceAsync(2_020);
    }
  }
}

const blocked = (by: Pick<PendingEvicts, 'blocksKey' | 'blocksTag'>): string[] => [
  ...KEYS.filter((key) => by.blocksKey(key)),
  ...TAGS.filter((tag) => by.blocksTag(tag)),
];

const run = async (steps: readonly Step[], maxPending: number, check: (world: World) => void): Promise<World> => {
  const world = new World(maxPending);
  for (const step of steps) {
    await world.take(step);
    check(world);
  }
  await world.recover();
  return world;
};

describe('PendingEvicts, whatever happens in whatever order', () => {
  it('blocks exactly what was evicted and not acknowledged, and nothing any more once Redis acknowledges all', async () => {
    // Between two moments at which steps are taken: what has expired is dropped some milliseconds later.
    const shortLifeMs = fc.nat(50).map((tenths) => tenths * 100 + 50);
    const lifeMs = fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: shortLifeMs });
    await fc.assert(
      fc.asyncProperty(stepsWith(lifeMs), async (steps) => {
        const { pending, clock, attemptsWhileAway } = await run(
          steps,
          1_000,
          ({ pending, model, clock, unsettled }) => {
            expect(blocked(pending)).toEqual(blocked(model));
            expect([pending.count, unsettled]).toEqual([model.evicts.length, model.evicts.length]);
            expect(pending.isEmpty).toBe(model.evicts.length === 0);
            expect(pending.isEmpty ? clock.pendingTimers : 0).toBe(0);
          },
        );
        expect([pending.count, clock.pendingTimers, attemptsWhileAway]).toEqual([0, 0, 0]);
      }),
      { numRuns: 250 },
    );
  });

  it('blocks no less where too many collapse into a clear, and stays within its bound', async () => {
    await fc.assert(
      fc.asyncProperty(stepsWith(fc.constant(Infinity)), fc.integer({ min: 1, max: 4 }), async (steps, maxPending) => {
        const { pending, clock } = await run(steps, maxPending, ({ pending, model, unsettled }) => {
          expect(blocked(pending)).toEqual(expect.arrayContaining(blocked(model)));
          expect(pending.count).toBeLessThanOrEqual(maxPending);
          expect(unsettled).toBe(pending.count);
        });
        expect([pending.count, clock.pendingTimers]).toEqual([0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});
