import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@nest-strata/testing';
import type { QuotaScope, QuotaStore, QuotaTake } from '../src/quota/quota-store.port.js';

/** A store under test, and how its time passes. */
export interface QuotaStoreSubject extends AsyncDisposable {
  readonly store: QuotaStore;
}

const MINUTE_MS = 60_000;

/** The tests that every {@link QuotaStore} must pass. */
export function describeQuotaStore(name: string, makeSubject: () => Promise<QuotaStoreSubject>): void {
  describe(`${name} keeps the contract of quota stores:`, () => {
    let subject: QuotaStoreSubject;
    let store: QuotaStore;
    let nowMs: number;

    beforeEach(async () => {
      subject = await makeSubject();
      store = subject.store;
      nowMs = await store.nowMs();
    });
    afterEach(async () => subject[Symbol.asyncDispose]());

    /** A day that allows 10 and a month that allows 100. */
    function scope(part: Partial<QuotaScope> = {}): QuotaScope {
      const span = { startsAtMs: nowMs - MINUTE_MS, endsAtMs: nowMs + MINUTE_MS };
      return {
        user: 'user:1',
        quota: 'api_calls',
        counters: [
          { id: '2026-11-20', limit: 10, ...span },
          { id: '2026-11', limit: 100, ...span },
        ],
        thresholds: [80, 90, 100],
        keepMs: MINUTE_MS,
        ...part,
      };
    }
    const take = (cost: number, part: Partial<QuotaTake> = {}) =>
      store.take({ ...scope(), cost, id: undefined, rememberMs: MINUTE_MS, reserveMs: undefined, ...part });
    const settle = (id: string, actual: number | undefined, isForced = false) =>
      store.settle({ ...scope(), id, actual, isForced, rememberMs: MINUTE_MS });

    it('takes from all periods', async () => {
      await take(3);
      expect(await take(4)).toMatchObject({ outcome: 'taken', used: [7, 7], reserved: [0, 0] });
      expect(await store.usedIn('user:1', 'api_calls', ['2026-11', '2026-11-20', '2026-10'])).toEqual([7, 7, 0]);
    });

    it('takes from none when one has too little, exactly at its limit', async () => {
      expect((await take(10)).outcome).toBe('taken');
      expect(await take(1)).toMatchObject({ outcome: 'denied', used: [10, 10] });
    });

    it('asks without taking', async () => {
      await take(2);
      expect(await take(0)).toMatchObject({ outcome: 'taken', used: [2, 2] });
      expect(await take(0)).toMatchObject({ outcome: 'taken', used: [2, 2] });
    });

    it('counts without a limit where there is none', async () => {
      const counters = scope().counters.map((counter) => ({ ...counter, limit: Infinity }));
      expect(await take(1e12, { counters })).toMatchObject({ outcome: 'taken', used: [1e12, 1e12], reached: [[], []] });
    });

    it('keeps users, quotas and periods apart', async () => {
      await take(5);
      expect(await take(0, { user: 'user' })).toMatchObject({ used: [0, 0] });
      expect(await take(0, { quota: 'tokens' })).toMatchObject({ used: [0, 0] });
      const counters = scope().counters.map((counter) => ({ ...counter, id: `x${counter.id}` }));
      expect(await take(0, { counters })).toMatchObject({ used: [0, 0] });
    });

    it('gives back, down to 0 and no further', async () => {
      await take(3);
      expect(await take(-2)).toMatchObject({ outcome: 'taken', used: [1, 1] });
      expect(await take(-5)).toMatchObject({ outcome: 'taken', used: [0, 0] });
    });

    it('does nothing in a period that it is not', async () => {
      const ended = scope().counters.map((counter) => ({ ...counter, endsAtMs: nowMs - 1 }));
      const coming = scope().counters.map((counter) => ({ ...counter, startsAtMs: nowMs + MINUTE_MS / 2 }));
      expect((await take(1, { counters: ended })).outcome).toBe('wrong-period');
      expect((await take(1, { counters: coming })).outcome).toBe('wrong-period');
      expect(await take(0)).toMatchObject({ used: [0, 0] });
      expect((await take(0)).nowMs).toBeGreaterThanOrEqual(nowMs);
    });

    it('takes once under an id, and not again', async () => {
      expect((await take(4, { id: 'r1' })).outcome).toBe('taken');
      expect(await take(4, { id: 'r1' })).toMatchObject({ outcome: 'repeated', used: [4, 4] });
      expect(await take(4, { id: 'r2' })).toMatchObject({ outcome: 'taken', used: [8, 8] });
    });

    it('remembers no id of what it denied', async () => {
      await take(8);
      expect((await take(4, { id: 'r1' })).outcome).toBe('denied');
      await take(-8);
      expect(await take(4, { id: 'r1' })).toMatchObject({ outcome: 'taken', used: [4, 4] });
    });

    it('takes once when twenty ask under the same id at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => take(1, { id: 'r1' })));
      expect(outcomes.filter(({ outcome }) => outcome === 'taken')).toHaveLength(1);
      expect(await take(0)).toMatchObject({ used: [1, 1] });
    });

    it('admits exactly the limit when fifty ask at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => take(1)));
      expect(outcomes.filter(({ outcome }) => outcome === 'taken')).toHaveLength(10);
    });

    describe('thresholds', () => {
      it('are told once, to the call that reaches them', async () => {
        expect((await take(7)).reached).toEqual([[], []]);
        expect((await take(1)).reached).toEqual([[80], []]);
        expect((await take(0)).reached).toEqual([[], []]);
        expect((await take(2)).reached).toEqual([[90, 100], []]);
      });

      it('are not told again after what was used was given back', async () => {
        await take(8);
        await take(-8);
        expect((await take(8)).reached).toEqual([[], []]);
        expect((await take(1)).reached).toEqual([[90], []]);
      });

      it('are told by one of many calls', async () => {
        const reached = (await Promise.all(Array.from({ length: 30 }, () => take(1)))).flatMap((one) => one.reached[0]);
        expect([...reached].sort()).toEqual([100, 80, 90]);
      });

      it('are told again after a reset', async () => {
        await take(8);
        await store.reset('user:1', 'api_calls', ['2026-11-20']);
        expect(await take(0)).toMatchObject({ used: [0, 8] });
        expect((await take(8)).reached).toEqual([[80], []]);
      });
    });

    describe('a reservation', () => {
      const reserve = (cost: number, id = 'r1', reserveMs = MINUTE_MS) => take(cost, { id, reserveMs });

      it('is used until it is settled', async () => {
        expect(await reserve(6)).toMatchObject({ outcome: 'taken', used: [6, 6], reserved: [6, 6] });
        expect((await take(5)).outcome).toBe('denied');
      });

      it('becomes what was used', async () => {
        await reserve(6);
        await take(1);
        expect(await settle('r1', 2)).toMatchObject({ outcome: 'settled', used: [3, 3], reserved: [0, 0] });
      });

      it('may be overdrawn, and tells the thresholds of that', async () => {
        await reserve(6);
        expect(await settle('r1', 12)).toMatchObject({
          outcome: 'settled',
          used: [12, 12],
          reached: [[80, 90, 100], []],
        });
        expect((await take(1)).outcome).toBe('denied');
      });

      it('is settled once', async () => {
        await reserve(6);
        await settle('r1', 2);
        expect(await settle('r1', 2)).toMatchObject({ outcome: 'settled', used: [2, 2] });
        expect(await settle('r1', undefined)).toMatchObject({ outcome: 'settled', used: [2, 2] });
        expect(await reserve(6)).toMatchObject({ outcome: 'repeated', used: [2, 2] });
      });

      it('is given back when it is cancelled, and cannot be committed then', async () => {
        await reserve(6);
        expect(await settle('r1', undefined)).toMatchObject({ outcome: 'settled', used: [0, 0], reserved: [0, 0] });
        expect(await settle('r1', undefined)).toMatchObject({ outcome: 'settled', used: [0, 0] });
        expect(await settle('r1', 3)).toMatchObject({ outcome: 'cancelled', used: [0, 0] });
      });

      it('is given back at the end of its time, and counted if it is committed later', async () => {
        await reserve(6, 'r1', 1);
        await reserve(2, 'r2');
        await eventually(async () => (await take(0)).used[0] === 2);
        expect(await take(0)).toMatchObject({ used: [2, 2], reserved: [2, 2] });
        expect(await settle('r1', 5)).toMatchObject({ outcome: 'late', used: [7, 7] });
        expect(await settle('r1', 5)).toMatchObject({ outcome: 'settled', used: [7, 7] });
      });

      it('makes room for others at the end of its time in the same call', async () => {
        await reserve(10, 'r1', 1);
        await eventually(async () => (await take(10)).outcome === 'taken');
        expect(await take(0)).toMatchObject({ used: [10, 10], reserved: [0, 0] });
      });

      it('is settled in the periods in which it was taken', async () => {
        await reserve(6);
        const [day, month] = scope().counters;
        const counters = [{ ...day, id: '2026-11-21' }, month] as QuotaScope['counters'];
        const request = { ...scope(), counters, id: 'r1', isForced: false, rememberMs: MINUTE_MS };
        expect(await store.settle({ ...request, actual: 4 })).toMatchObject({ outcome: 'settled', used: [0, 4] });
        expect(await store.usedIn('user:1', 'api_calls', ['2026-11-20'])).toEqual([4]);
      });

      it('that nobody made is unknown, unless what was used is to be counted anyway', async () => {
        expect(await settle('r9', 3)).toMatchObject({ outcome: 'unknown', used: [0, 0] });
        expect(await settle('r9', 3, true)).toMatchObject({ outcome: 'late', used: [3, 3] });
        expect(await settle('r9', 3, true)).toMatchObject({ outcome: 'settled', used: [3, 3] });
      });
    });
  });
}
