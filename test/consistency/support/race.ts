import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { CacheEngine, EntryOptions, LoadOptions } from '@nest-strata/engine';
import type { RaceLab, RaceProcess } from './race-lab.js';
import { SteppedActor } from './stepped-actor.js';
import type { SteppedActorOptions } from './stepped-actor.js';

/** How a value comes to be loaded. */
export interface LoadPath {
  readonly options: LoadOptions;
  /** The old version that is cached before; nothing, if left out. */
  readonly cached?: EntryOptions;
  /** In how many steps the load goes, from the first call to the last reply. */
  readonly stepCount: number;
  /** The tag is only named by the loader. */
  readonly isTagDerived?: boolean;
}

/** How a new version is made known to the cache. */
export interface Change {
  /** In how many steps it goes. */
  readonly stepCount: number;
  readonly stops: SteppedActorOptions;
  readonly apply: (cache: CacheEngine, key: string, tag: string, lab: RaceLab) => Promise<unknown>;
  /** Done by a program that knows nothing of leases, so that only the word of Redis can tell. */
  readonly isForeign?: boolean;
  /** Leaves a stale copy, for callers who would have to wait for a load of somebody else. */
  readonly leavesCopy?: boolean;
}

/** `load`, `change`: the next step of the two; `hear`: what the loading process was told of is delivered to it. */
export type RaceStep = 'load' | 'change' | 'hear';

/** One race between a load and a change. */
export interface RaceSchedule {
  readonly path: LoadPath;
  readonly change: Change;
  readonly order: readonly RaceStep[];
  /** Whether the process that loads makes the change, too. */
  readonly isOwnChange: boolean;
  /** Who asks for the value once the change is made and heard of, while the load may still be under way. */
  readonly joiner: 'none' | 'first' | 'second';
  /** Whether the versions of the tag are known to both from the start. */
  readonly isTagKnown: boolean;
  /** Whether what comes after `hear` is heard at once, or at the end. */
  readonly staysAttentive: boolean;
}

const OLD = 1;
const NEW = 2;
/** Ask, hear, claim, be granted (the loader reads the database), return, fill, hear. */
const STEPS_OF_A_LOAD = 7;
const EACH: SteppedActorOptions = { grain: 'call' };

/** The ways to a load; what is forced does not ask before. */
export const LOAD_PATHS = {
  'in the foreground': { options: {}, stepCount: STEPS_OF_A_LOAD },
  'with a tag that the loader names': { options: {}, isTagDerived: true, stepCount: STEPS_OF_A_LOAD },
  'ahead of the end': { options: { refreshAhead: 1e-9 }, cached: {}, stepCount: STEPS_OF_A_LOAD },
  'behind a stale copy': {
    options: { staleWhileRevalidate: '1m' },
    cached: { ttl: '1ms', staleWhileRevalidate: '1m' },
    stepCount: STEPS_OF_A_LOAD,
  },
  'later than the soft timeout': {
    options: { softTimeout: '1ms', grace: '1m' },
    cached: { ttl: '1ms', grace: '1m' },
    stepCount: STEPS_OF_A_LOAD,
  },
  'later than the hard timeout': { options: { hardTimeout: '1ms' }, stepCount: STEPS_OF_A_LOAD },
  'by force': { options: { forceRefresh: true }, cached: {}, stepCount: STEPS_OF_A_LOAD - 2 },
} as const satisfies Record<string, LoadPath>;

/** What is one command goes in two steps, sent and answered; `delete` and `set` are two commands. */
export const CHANGES = {
  delete: { stops: EACH, stepCount: 3, apply: (cache, key) => cache.delete(key) },
  'delete with a version': { stops: EACH, stepCount: 2, apply: (cache, key) => cache.delete(key, { version: NEW }) },
  set: { stops: EACH, stepCount: 3, apply: (cache, key, tag) => cache.set(key, NEW, { tags: [tag] }) },
  'set for a moment': {
    // What is sent at once is not further apart than the value lives.
    stops: { grain: 'trip' },
    stepCount: 2,
    apply: async (cache, key, tag) => {
      await cache.set(key, NEW, { tags: [tag], ttl: '1ms' });
      await sleep(3);
    },
  },
  // It has read when its first step ends.
  expire: {
    stops: { ...EACH, stopsAt: ({ kind }) => kind !== 'read', beginsApart: true },
    stepCount: 3,
    leavesCopy: true,
    apply: (cache, key) => cache.expire(key),
  },
  tag: { stops: EACH, stepCount: 2, apply: (cache, _, tag) => cache.deleteByTag(tag) },
  clear: { stops: EACH, stepCount: 2, apply: (cache) => cache.clear() },
  pattern: {
    // Before each of its two passes.
    stops: { ...EACH, stopsAt: ({ kind }) => kind === 'scan', stopsAtReplies: false },
    stepCount: 2,
    apply: (cache, key) => cache.deleteByPattern(`${key}*`),
  },
  'SET and DEL of another program': {
    stops: { ...EACH, stopsAtReplies: false },
    stepCount: 2,
    isForeign: true,
    apply: async (_, key, __, { observer, keySpace }) => {
      await observer.redis.send('SET', [keySpace.valueKey(key), 'not ours']);
      await observer.redis.send('DEL', [keySpace.valueKey(key)]);
    },
  },
} as const satisfies Record<string, Change>;

/** What came of a race. */
export interface RaceResult {
  /** What was read that must not have been. */
  readonly wrong: readonly string[];
  /** How many loads, changes and reads there were. */
  readonly operations: number;
}

/** Runs a race on a key of its own. */
export async function runRace(lab: RaceLab, schedule: RaceSchedule): Promise<RaceResult> {
  const race = new Race(lab, schedule);
  await race.prepare();
  await race.play();
  await race.lookBack();
  await race.cleanUp();
  return race;
}

class Race implements RaceResult {
  readonly wrong: string[] = [];
  operations = 0;
  readonly #key: string;
  /** Another one with the same tag. */
  readonly #besideKey: string;
  readonly #tag: string;
  readonly #changer: RaceProcess;
  readonly #load: SteppedActor;
  readonly #change: SteppedActor;
  #version = OLD;
  #joined: Promise<void> | undefined;
  /** Whether the process that loads hears at once what it is told. */
  #isAttentive = false;

  constructor(
    private readonly lab: RaceLab,
    private readonly schedule: RaceSchedule,
  ) {
    const { path, change, isOwnChange } = schedule;
    const { first, second, observer } = lab;
    this.#key = lab.newKey();
    this.#besideKey = `${this.#key}beside`;
    this.#tag = `tag of ${this.#key}`;
    this.#changer = change.isForeign === true ? observer : isOwnChange ? first : second;
    this.#load = new SteppedActor(first.gates.load, { grain: 'trip', mayIdle: true }, () => this.#loadSlowly(path));
    this.#change = new SteppedActor(this.#changer.gates.change, change.stops, () => {
      this.#version = NEW;
      return change.apply(this.#changer.cache, this.#key, this.#tag, lab);
    });
  }

  /** Brings the caches to where the race begins. */
  async prepare(): Promise<void> {
    const { path, isTagKnown } = this.schedule;
    const { first, second, observer } = this.lab;
    const tags = [this.#tag];
    if (isTagKnown) {
      await Promise.all([first, second].map(({ cache }) => cache.set(this.#besideKey, 0, { tags, ttl: '2h' })));
    }
    if (path.cached !== undefined) {
      await observer.cache.set(this.#key, OLD, { tags, ...path.cached });
      if (path.cached.ttl !== undefined) await sleep(2);
      const mustBeInMemory = async (): Promise<boolean> => {
        const found = await first.cache.lookup(this.#key);
        return 'tier' in found && found.tier === 'memory';
      };
      while (!(await mustBeInMemory())) await nextTurn();
    }
  }

  async play(): Promise<void> {
    const { order, staysAttentive, isOwnChange } = this.schedule;
    const { notifications } = this.lab.first.redis;
    this.#isAttentive = !order.includes('hear');
    if (!this.#isAttentive) notifications.hold();
    let hasHeardOfChange = false;
    for (const step of order) {
      if (step === 'load') await this.#stepLoad();
      else if (step === 'change') await this.#stepChange();
      else {
        await this.lab.untilTold();
        notifications.deliver();
        this.#isAttentive = staysAttentive;
        if (!staysAttentive) notifications.hold();
        hasHeardOfChange = this.#change.isDone;
      }
      const knowsOfChange = isOwnChange || hasHeardOfChange || this.#isAttentive;
      if (this.#change.isDone && knowsOfChange) this.#joined ??= this.#join();
    }
    await this.#change.finish();
    await this.#load.finish();
    await this.lab.untilTold();
    notifications.deliver();
    await this.#joined;
    // A joiner may have woken it, or have waited for it.
    await this.#load.finish();
  }

  /** Everybody must see the change now, in all tiers. */
  async lookBack(): Promise<void> {
    const { first, second, observer } = this.lab;
    const outcome = await this.#change.result();
    if (outcome.status === 'rejected') throw outcome.reason;
    this.operations += 2;
    await this.#check('the observer, in Redis,', () => observer.cache.get(this.#key));
    await this.#check('the one that changed it', () => this.#changer.cache.get(this.#key));
    await this.#check('the one that loaded it', () => first.cache.get(this.#key));
    await this.#check('the other one', () => second.cache.get(this.#key));
    const isSet = this.schedule.change === CHANGES.set;
    if (isSet) await this.#check('the observer, after a set,', () => observer.cache.get(this.#key), NEW);
    await this.#check('the one that loads again', () => first.cache.getOrSet(this.#key, () => this.#version), NEW);
    await this.#check('the one that loaded twice', () => first.cache.get(this.#key));
  }

  /** Who lists keys need not look at those of all races before. */
  async cleanUp(): Promise<void> {
    const { observer, keySpace } = this.lab;
    const keys = [this.#key, this.#besideKey].map((key) => keySpace.valueKey(key));
    await observer.redis.send('UNLINK', [...keys, keySpace.tagKey(this.#tag)]);
  }

  #loadSlowly({ options, isTagDerived = false }: LoadPath): Promise<unknown> {
    const tags = [this.#tag];
    return this.lab.first.cache.getOrSet(
      this.#key,
      async (context) => {
        const version = this.#version;
        if (isTagDerived) context.tags.push(...tags);
        await this.#load.halt();
        return version;
      },
      isTagDerived ? options : { ...options, tags },
    );
  }

  /** What knows no leases is not seen by a value that is on its way to Redis already. */
  async #stepLoad(): Promise<void> {
    await this.#load.step();
    if (this.schedule.change.isForeign === true && this.#load.isBefore('fill-value')) await this.#load.step();
  }

  /** Of what is not held back the process is told before it goes on. */
  async #stepChange(): Promise<void> {
    await this.#change.step();
    if (this.#isAttentive) await this.lab.untilTold();
  }

  /** A joiner may have to wait for the load. */
  async #join(): Promise<void> {
    const { first, second, observer } = this.lab;
    const { joiner, change } = this.schedule;
    const joining = joiner === 'none' || change.leavesCopy === true ? undefined : { first, second }[joiner].cache;
    await Promise.all([
      this.#check('the observer, meanwhile,', () => observer.cache.get(this.#key)),
      joining && this.#check(`a joiner, the ${joiner}`, () => joining.getOrSet(this.#key, () => this.#version), NEW),
    ]);
  }

  async #check(who: string, read: () => Promise<unknown>, expected?: number): Promise<void> {
    this.operations++;
    const value = await read().catch((error: unknown) => error);
    if (value === NEW || (value === undefined && expected === undefined)) return;
    this.wrong.push(`${who} read ${String(value)}`);
  }
}
