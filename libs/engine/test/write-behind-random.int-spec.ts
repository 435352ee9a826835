import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWriteBehind, EntryCodec, KeySpace } from '@nest-strata/engine';
import type { FailedWrite, WriteBehind, WriteToPersist } from '@nest-strata/engine';
import { RedisUnavailableError } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, SeededRandom } from '@nest-strata/testing';
import { SharedRedis } from './shared-redis.js';

const OPERATIONS = 10_000;
const CONCURRENCY = 20;
/** How many operations there may be for each write into the database before they slow down. */
const OPERATIONS_PER_WRITE = 10;
const KEYS = 200;
const PROCESSES = 3;
const SEED = 20_261_120;

/** A write whose fate its caller knows, or does not. */
interface Attempted {
  readonly value: number;
  readonly version: bigint | undefined;
}

let redis: SharedRedis;

beforeAll(async () => {
  redis = await SharedRedis.start({ deadline: '5s' });
});

afterAll(() => redis.stop());

/** Everything that happens, and what must be true of it. */
class History {
  /** The newest version that was accepted for certain, and its value, by key. */
  readonly accepted = new Map<string, { readonly version: bigint; readonly value: number }>();
  readonly attempted = new Map<string, Attempted[]>();
  /** What the database has. */
  readonly rows = new Map<string, { readonly version: bigint; readonly value: number }>();
  readonly idempotencyKeys = new Map<bigint, string>();
  readonly violations: string[] = [];
  persisted = 0;
  repeated = 0;

  attempt(key: string, value: number, version: bigint | undefined): void {
    this.attempted.set(key, [...(this.attempted.get(key) ?? []), { value, version }]);
    if (version !== undefined && version > (this.accepted.get(key)?.version ?? 0n)) {
      this.accepted.set(key, { version, value });
    }
  }

  persist({ key, version, value, idempotencyKey }: WriteToPersist<number>): void {
    this.persisted++;
    const before = this.idempotencyKeys.get(version);
    if (before !== undefined) this.repeated++;
    if (before !== undefined && before !== idempotencyKey) this.violations.push(`${version} has two idempotency keys`);
    this.idempotencyKeys.set(version, idempotencyKey);
    if (idempotencyKey !== `${key}=${value}`) this.violations.push(`${key} came with the value of ${idempotencyKey}`);
    const row = this.rows.get(key);
    if (row !== undefined && row.version > version) this.violations.push(`${key} fell back to ${version}`);
    this.rows.set(key, { version, value });
  }

  /** A reader that looked at the queue and then at the database must have seen what was accepted before. */
  read(key: string, acceptedBefore: bigint, pending: bigint | undefined): void {
    const seen = [pending ?? 0n, this.rows.get(key)?.version ?? 0n].reduce((a, b) => (a > b ? a : b));
    if (seen < acceptedBefore) this.violations.push(`a reader of ${key} saw ${seen}, not ${acceptedBefore}`);
  }
}

describe('10 000 random operations on three processes, with faults of Redis and of the database', () => {
  it.each(['memory', 'Redis'])(
    'end with the newest accepted value of every key in the database (%s)',
    async (where) => {
      const random = new SeededRandom(SEED);
      const chance = (share: number): boolean => random.fraction() < share;
      const history = new History();
      let isCalm = false;

      const persist = async (batch: readonly WriteToPersist<number>[]): Promise<FailedWrite[]> => {
        if (chance(0.1)) await new Promise((resolve) => setTimeout(resolve, random.fraction() * 5));
        if (!isCalm && chance(0.05)) throw new Error('the transaction failed');
        const failed: FailedWrite[] = [];
        for (const write of batch) {
          if (!isCalm && chance(0.02)) failed.push({ id: write.id, error: new Error('this row failed') });
          else history.persist(write);
        }
        return failed;
      };

      const open = (): { readonly queue: WriteBehind<number>; readonly port: ChaosRedisPort } => {
        const port = new ChaosRedisPort(redis.port, { random });
        if (!isCalm) port.disturb({ refuse: 0.01, loseReply: 0.02, delayMs: { min: 0, max: 2 } });
        const queue = createWriteBehind<number>(
          'random',
          { persist, interval: '2ms', batchSize: 10, retryDelay: '2ms', maxRetryDelay: '20ms', maxAttempts: Infinity },
          { keySpace: new KeySpace('random'), codec: new EntryCodec(), redis: where === 'Redis' ? port : undefined },
        );
        return { queue, port };
      };
      const processes = Array.from({ length: where === 'Redis' ? PROCESSES : 1 }, open);
      const anyProcess = () => processes[Math.floor(random.fraction() * processes.length)] as (typeof processes)[0];

      const accept = async (key: string, value: number): Promise<void> => {
        const outcome = await anyProcess().queue.accept(key, value, { idempotencyKey: `${key}=${value}` });
        if (outcome.accepted) history.attempt(key, value, outcome.version);
        else if (outcome.reason === 'unknown') history.attempt(key, value, undefined);
      };
      const read = async (key: string): Promise<void> => {
        const acceptedBefore = history.accepted.get(key)?.version ?? 0n;
        try {
          history.read(key, acceptedBefore, (await anyProcess().queue.pending(key))?.version);
        } catch (error) {
          if (!(error instanceof RedisUnavailableError)) throw error;
        }
      };
      const replaceProcess = async (): Promise<void> => {
        const index = Math.floor(random.fraction() * processes.length);
        const [closed] = processes.splice(index, 1, open());
        await closed?.queue.close({ deadlineMs: 50 });
      };

      let operations = 0;
      const runSome = async (): Promise<void> => {
        while (operations < OPERATIONS) {
          const number = operations++;
          const key = `key-${Math.floor(random.fraction() ** 2 * KEYS)}`;
          if (where === 'Redis' && chance(0.001)) await replaceProcess();
          else if (chance(0.3)) await read(key);
          else await accept(key, number);
          // On a busy machine, too, much of what is accepted is to be written before there is something newer.
          const isFarAhead = number > OPERATIONS_PER_WRITE * history.persisted;
          if (isFarAhead || chance(0.2)) await new Promise((resolve) => setTimeout(resolve, random.fraction() * 10));
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, runSome));
      isCalm = true;
      for (const { port } of processes) port.disturb({});
      const isDrained = async (): Promise<boolean> => {
        const keys = [...history.attempted.keys()];
        return (await anyProcess().queue.pendingMany(keys)).every((pending) => pending === undefined);
      };
      await eventually(isDrained, 10_000);
      await Promise.all(processes.map(({ queue }) => queue.close()));

      expect(history.violations).toEqual([]);
      for (const [key, newest] of history.accepted) {
        const row = history.rows.get(key);
        const isUnknown = history.attempted
          .get(key)
          ?.some(({ value, version }) => value === row?.value && version === undefined);
        const isNewer = row !== undefined && row.version > newest.version && isUnknown === true;
        expect(isNewer ? newest : row).toEqual(newest);
      }
      expect(history.accepted.size).toBe(KEYS);
      expect(history.persisted).toBeGreaterThan(500);
    },
  );
});
