import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RedisUnavailableError } from '@nest-strata/redis';
import { FakeClock, SeededRandom } from '@nest-strata/testing';
import { encodeSourceVersion, NO_SOURCE_VERSION } from '../entry/source-version.js';
import { KeyGlob } from '../keys/key-glob.js';
import type { Evict } from './evict.js';
import { PendingEvicts } from './pending-evicts.js';

const KEYS = ['a', 'b', 'ab'];
const TAGS = ['s', 't'];
const GLOBS = ['a*', '*b'];
const VERSIONS = [NO_SOURCE_VERSION, ...[1, 2, 3].map(encodeSourceVersion)];
const FLOORS = VERSIONS.slice(1).map((version) => ({ version, forMs: 60_000, sparesHigher: true }));
const EVICTS: readonly Evict[] = [
  ...KEYS.map((key) => ({ kind: 'key', key }) as const),
  ...KEYS.flatMap((key) => FLOORS.map((floor) => ({ kind: 'key', key, floor }) as const)),
  ...TAGS.map((tag) => ({ kind: 'tag', tag }) as const),
  ...GLOBS.map((glob) => ({ kind: 'pattern', glob }) as const),
  { kind: 'clear' },
];

type Step =
  | { readonly do: 'add'; readonly evict: Evict }
  | { readonly do: 'begin'; readonly sent: Sent }
  | { readonly do: 'acknowledge' | 'succeed' | 'fail'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'wake' | 'lose' | 'return' };

/** What goes to Redis: an evict, or a write of a key. */
type Sent = Evict | { readonly kind: 'write'; readonly key: string; readonly version: string };

const anyEvict = fc.constantFrom(...EVICTS);
const anyWrite: fc.Arbitrary<Sent> = fc.record({
  kind: fc.constant('write'),
  key: fc.constantFrom(...KEYS),
  version: fc.constantFrom(...VERSIONS),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add'), evict: anyEvict }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('begin'), sent: fc.oneof(anyEvict, anyWrite) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('acknowledge', 'succeed', 'fail'), which: fc.nat(20) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.nat(30).map((tenths) => tenths * 100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('wake', 'lose', 'return') }) },
);
const anySteps = fc.array(step, { maxLength: 60, size: 'max' });

/** Something that was sent to Redis: an attempt of {@link PendingEvicts}, or another operation of the process. */
interface Operation {
  readonly sent: Sent;
  readonly begunAt: number;
}

/** The evicts of one name that were added and not acknowledged. */
interface Wanted {
  readonly evicts: readonly Evict[];
  readonly atMoment: number;
}

/**
 * What must be blocked, said as simply as can be: what was to be evicted, until one thing that began after the last evict
 * of it does what all of them are to do.
 */
class Model {
  #moment = 0;
  readonly #wanted = new Map<string, Wanted>();

  next(): number {
    return ++this.#moment;
  }

  add(evict: Evict): void {
    const older = this.#wanted.get(nameOf(evict))?.evicts ?? [];
    this.#wanted.set(nameOf(evict), { evicts: [...older, evict], atMoment: this.next() });
  }

  acknowledge({ sent, begunAt }: Operation): void {
    for (const [name, { evicts, atMoment }] of this.#wanted) {
      const isDone = evicts.every((evict) => does(sent, evict));
      if (begunAt > atMoment && isDone) this.#wanted.delete(name);
    }
  }

  /** Too many collapse into a clear, which makes no floors, and has nothing to do with what comes later. */
  collapse(): void {
    for (const [name, { evicts, atMoment }] of [...this.#wanted]) {
      this.#wanted.delete(name);
      this.#wanted.set(`${name} of ${String(this.next())}`, { evicts: evicts.map(withoutFloor), atMoment });
    }
  }

  get evicts(): readonly Evict[] {
    return [...this.#wanted.values()].map(({ evicts }) => evicts[0] as Evict);
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

function withoutFloor(evict: Evict): Evict {
  return evict.kind === 'key' ? { kind: 'key', key: evict.key } : evict;
}

function nameOf(evict: Evict): string {
  if (evict.kind === 'key') return `key ${evict.key}`;
  return evict.kind === 'clear' ? evict.kind : JSON.stringify(evict);
}

/** Whether what was sent leaves nothing to do for an evict: neither a copy that was to go nor a floor that was to be. */
function does(sent: Sent, wanted: Evict): boolean {
  const floor = wanted.kind === 'key' ? (wanted.floor?.version ?? '') : '';
  if (sent.kind === 'clear') return floor === '';
  if (sent.kind !== 'write') return nameOf(sent) === nameOf(wanted) && removes(sent, wanted);
  return (
    wanted.kind === 'key' && sent.key === wanted.key && (sent.version === NO_SOURCE_VERSION || sent.version >= floor)
  );
}

/** Of two evicts of the same. */
function removes(sent: Evict, wanted: Evict): boolean {
  if (sent.kind !== 'key' || wanted.kind !== 'key' || sent.floor === undefined) return true;
  if (wanted.floor === undefined) return !sent.floor.sparesHigher;
  return sent.floor.version >= wanted.floor.version;
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
          this.#attempts.push({ sent: evict, begunAt: this.model.next(), settle });
        });
      },
      isReachable: () => this.isReachable,
      toGlob: (glob) => new KeyGlob(glob),
      onChange: (change) => {
        if (change.kind === 'added') this.unsettled++;
        else if (change.kind === 'settled') this.unsettled--;
        else if (change.kind === 'collapsed') this.#collapsed(change.count);
      },
      clock: this.clock,
      random: new SeededRandom(3),
      maxPending,
    });
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'add') this.#add(step.evict);
    else if (step.do === 'begin') this.#begin(step.sent);
    else if (step.do === 'acknowledge') this.#acknowledge(step.which);
    else if (step.do === 'succeed' || step.do === 'fail') this.settle(step.which, step.do === 'succeed');
    else if (step.do === 'wake') this.pending.wake();
    else if (step.do === 'lose' || step.do === 'return') this.isReachable = step.do === 'return';
    await this.clock.advanceAsync(step.do === 'pass' ? step.ms : 0);
  }

  #add(evict: Evict): void {
    this.model.add(evict);
    this.pending.add(evict);
  }

  #collapsed(count: number): void {
    this.unsettled += 1 - count;
    this.model.collapse();
  }

  #begin(sent: Sent): void {
    this.#operations.push({ sent, begunAt: this.model.next(), stamp: this.pending.stamp() });
  }

  #acknowledge(which: number): void {
    const [operation] = this.#operations.splice(which % Math.max(1, this.#operations.length), 1);
    if (operation === undefined) return;
    const { sent, stamp } = operation;
    if (sent.kind === 'write') this.pending.supersede(sent.key, stamp, sent.version);
    else this.pending.confirm(sent, stamp);
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
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
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
      fc.asyncProperty(anySteps, fc.integer({ min: 1, max: 4 }), async (steps, maxPending) => {
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
