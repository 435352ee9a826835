import { describe, it } from '@jest/globals';
import assert from 'node:assert/strict';
import type { LimitAnswer, LimitClaim, LimitStore, LimitVerdict } from '../../src/store/limit-store.port.js';
import { claimOf, FIVE } from './claims.js';

/** An empty store, made for one test, over a clock that the test moves. */
export interface LimitStoreSubject {
  readonly store: LimitStore;
  readonly clock: { nowUs: number };
}

type Check = (subject: LimitStoreSubject) => Promise<void>;

/** Declares the tests that every {@link LimitStore} must pass, each with an empty store. */
export function describeLimitStore(
  name: string,
  makeStore: () => LimitStoreSubject | Promise<LimitStoreSubject>,
): void {
  const checkAll = (title: string, clause: Check): void => {
    it(title, async () => clause(await makeStore()));
  };
  describe(`${name} keeps the contract of a limit store:`, () => {
    describe.each(FIVE)('$algorithm $window $buckets $anchor $strict $mannerOfRefill', (policy) => {
      const claim = claimOf(policy);
      const check = (title: string, clause: Check): void =>
        checkAll(title, async (subject) => {
          await beginWindow(subject, claim);
          await clause(subject);
        });

      check('admits as much as its limit at once, and no more', async ({ store }) => {
        for (let used = 1; used <= 5; used++) {
          const verdict = await takeOne(store, claim);
          assert.deepEqual([verdict.isAllowed, verdict.used, verdict.remaining], [true, used, 5 - used]);
          assert.equal(verdict.retryAfterUs, 0);
        }
        const denied = await takeOne(store, claim);
        assert.deepEqual([denied.isAllowed, denied.used, denied.remaining], [false, 5, 0]);
      });

      check('admits after exactly the time that it told, and not a µs before', async ({ store, clock }) => {
        await store.take([{ ...claim, cost: 3 }]);
        clock.nowUs += 123_457;
        await store.take([{ ...claim, cost: 2 }]);
        for (const cost of [1, 2, 5]) {
          const { isAllowed, retryAfterUs } = await takeOne(store, { ...claim, cost });
          assert.equal(isAllowed, false);
          assert.ok(retryAfterUs > 0 && retryAfterUs <= 3_000_000, String(retryAfterUs));
          clock.nowUs += retryAfterUs - 1;
          assert.equal((await takeOne(store, { ...claim, cost })).isAllowed, false);
          clock.nowUs += 1;
          assert.equal((await takeOne(store, { ...claim, cost })).isAllowed, true);
          await store.penalize([{ ...claim, cost: 3 }]);
        }
      });

      check('is as new after exactly the time that it told', async ({ store, clock }) => {
        await takeOne(store, { ...claim, cost: 2 });
        clock.nowUs += 77_777;
        const { resetAfterUs } = await takeOne(store, { ...claim, cost: 3 });
        clock.nowUs += resetAfterUs - 1;
        assert.ok((await takeOne(store, { ...claim, cost: 0 })).resetAfterUs > 0);
        clock.nowUs += 1;
        const verdict = await takeOne(store, { ...claim, cost: 0 });
        assert.deepEqual([verdict.used, verdict.remaining, verdict.resetAfterUs], [0, 5, 0]);
      });

      check('changes nothing when it is only asked, or denies', async ({ store }) => {
        await store.take([{ ...claim, cost: 4 }]);
        const before = await takeOne(store, { ...claim, cost: 0 });
        for (const cost of [0, 2, 5, 6]) await store.take([{ ...claim, cost }]);
        assert.deepEqual(await takeOne(store, { ...claim, cost: 0 }), before);
        assert.equal((await takeOne(store, claim)).isAllowed, true);
      });

      check('never admits what costs more than the limit, and says so', async ({ store }) => {
        const verdict = await takeOne(store, { ...claim, cost: 6 });
        assert.deepEqual([verdict.isAllowed, verdict.retryAfterUs, verdict.used], [false, Infinity, 0]);
      });

      check('is as before once all is given back', async ({ store, clock }) => {
        await store.take([{ ...claim, cost: 2 }]);
        clock.nowUs += 55_555;
        const before = await takeOne(store, { ...claim, cost: 0 });
        const { nowUs: takenForUs } = await store.take([{ ...claim, cost: 3 }]);
        await store.giveBack([{ ...claim, cost: 3, takenForUs }]);
        assert.deepEqual(await takeOne(store, { ...claim, cost: 0 }), before);
        await store.take([{ ...claim, cost: 3 }]);
        await store.giveBack([{ ...claim, cost: 3 }]);
        assert.deepEqual(await takeOne(store, { ...claim, cost: 0 }), before);
      });

      check('gives back no more than was taken', async ({ store }) => {
        await store.giveBack([{ ...claim, cost: 3 }]);
        await store.take([claim]);
        await store.giveBack([{ ...claim, cost: 4 }]);
        assert.equal((await takeOne(store, { ...claim, cost: 0 })).remaining, 5);
        assert.equal((await takeOne(store, { ...claim, cost: 6 })).isAllowed, false);
      });

      check('takes a penalty without asking, and lets time pay it', async ({ store, clock }) => {
        const { verdicts, isAllowed } = await store.penalize([{ ...claim, cost: 9 }]);
        assert.equal(isAllowed, claim.rule.kind === 'sliding-log');
        assert.ok((verdicts[0]?.used ?? 0) >= 5);
        assert.equal(verdicts[0]?.remaining, 0);
        const denied = await takeOne(store, claim);
        assert.equal(denied.isAllowed, false);
        clock.nowUs += denied.retryAfterUs;
        assert.equal((await takeOne(store, claim)).isAllowed, true);
      });

      check(
        'admits no more when the clock is set back, and goes on when it has caught up',
        async ({ store, clock }) => {
          const startUs = clock.nowUs;
          await store.take([{ ...claim, cost: 5 }]);
          for (const backUs of [1, 999_999, 300_000_000]) {
            clock.nowUs = startUs - backUs;
            const denied = await takeOne(store, claim);
            assert.equal(denied.isAllowed, false);
            clock.nowUs += denied.retryAfterUs - 1;
            assert.equal((await takeOne(store, claim)).isAllowed, false);
          }
          clock.nowUs += 1;
          assert.equal((await takeOne(store, claim)).isAllowed, true);
        },
      );

      check('keeps what was taken when the limit is raised', async ({ store }) => {
        await store.take([{ ...claim, cost: 5 }]);
        const raised: LimitClaim = { ...claim, rule: { ...claim.rule, limit: 7, capacity: 7, burst: 7 } as never };
        assert.equal((await takeOne(store, { ...raised, cost: 0 })).remaining, 2);
        assert.equal((await takeOne(store, { ...raised, cost: 3 })).isAllowed, false);
        assert.equal((await takeOne(store, { ...raised, cost: 2 })).isAllowed, true);
      });
    });

    checkAll('takes from all policies and subjects, or from none', async ({ store }) => {
      const claims = FIVE.map((policy, index) =>
        claimOf(policy, { policy: `p${index}`, subject: `user:${index % 3}` }),
      );
      const last = claims.at(-1) as LimitClaim;
      await store.take([{ ...last, cost: 4 }]);
      const denied = await store.take(claims.map((claim) => ({ ...claim, cost: 2 })));
      assert.equal(denied.isAllowed, false);
      assert.deepEqual(
        denied.verdicts.map(({ isAllowed, used }) => [isAllowed, used]),
        claims.map((claim) => (claim === last ? [false, 4] : [true, 0])),
      );
      const allowed = await store.take(claims);
      assert.equal(allowed.isAllowed, true);
      assert.deepEqual(
        allowed.verdicts.map(({ used }) => used),
        claims.map((claim) => (claim === last ? 5 : 1)),
      );
    });

    checkAll('lets a shadow deny nothing, and take nothing where it would deny', async ({ store }) => {
      const live = claimOf({ algorithm: 'fixed-window', limit: 5, window: '1s' }, { policy: 'live' });
      const shadow = claimOf(
        { algorithm: 'fixed-window', limit: 1, window: '1s' },
        { policy: 'shadow', isShadow: true },
      );
      for (let used = 1; used <= 3; used++) {
        const answer = await store.take([live, shadow]);
        assert.equal(answer.isAllowed, true);
        assert.deepEqual(
          answer.verdicts.map((verdict) => [verdict.isAllowed, verdict.used]),
          [
            [true, used],
            [used === 1, 1],
          ],
        );
      }
    });

    checkAll('gives back nothing to a window that has not been taken from', async ({ store, clock }) => {
      for (const policy of FIVE.filter(({ algorithm }) => /window|log/.test(algorithm))) {
        const claim = claimOf(policy, { policy: 'moments', subject: JSON.stringify(policy) });
        const { nowUs: takenForUs } = await store.take([{ ...claim, cost: 3 }]);
        clock.nowUs += 2_500_000;
        await store.take([{ ...claim, cost: 2 }]);
        await store.giveBack([{ ...claim, cost: 3, takenForUs }]);
        assert.equal((await takeOne(store, { ...claim, cost: 0 })).used, 2, policy.algorithm);
      }
    });

    checkAll('pays a debt at the new rate once the rate is changed', async ({ store, clock }) => {
      const slow = claimOf({ algorithm: 'leaky-bucket', limit: 10, window: '10h' });
      await store.take([{ ...slow, cost: 10 }]);
      assert.equal((await takeOne(store, slow)).retryAfterUs, 3_600_000_000);
      const fast = claimOf({ algorithm: 'leaky-bucket', limit: 10, window: '1s' });
      const denied = await takeOne(store, fast);
      assert.deepEqual([denied.used, denied.retryAfterUs, denied.resetAfterUs], [10, 100_000, 1_000_000]);
      clock.nowUs += 100_000;
      assert.equal((await takeOne(store, fast)).isAllowed, true);
      const uneven = claimOf({ algorithm: 'leaky-bucket', limit: 7, window: '1s', burst: 10 });
      assert.deepEqual(
        [(await takeOne(store, uneven)).used, (await takeOne(store, uneven)).retryAfterUs],
        [10, 142_858],
      );
    });

    checkAll(
      'gives the slots of a queue in order, evenly, and none that would be waited for too long',
      async (subject) => {
        const { store, clock } = subject;
        const claim = claimOf({ algorithm: 'leaky-queue', limit: 10, window: '1s', maxWait: '250ms' });
        const waits = [];
        for (let taken = 0; taken < 3; taken++) waits.push((await takeOne(store, claim)).waitUs);
        assert.deepEqual(waits, [0, 100_000, 200_000]);
        const denied = await takeOne(store, claim);
        assert.deepEqual([denied.isAllowed, denied.retryAfterUs, denied.remaining], [false, 50_000, 0]);
        clock.nowUs += 49_999;
        assert.equal((await takeOne(store, claim)).isAllowed, false);
        clock.nowUs += 1;
        const { isAllowed, waitUs } = await takeOne(store, claim);
        assert.deepEqual([isAllowed, waitUs], [true, 250_000]);
      },
    );

    checkAll('gives a slot of a queue back only if it was the last', async ({ store, clock }) => {
      const claim = claimOf({ algorithm: 'leaky-queue', limit: 7, window: '1s', maxWait: '10s' });
      clock.nowUs += 3;
      const slots = [];
      for (let taken = 0; taken < 3; taken++) {
        const { nowUs, verdicts } = await store.take([claim]);
        slots.push(nowUs + (verdicts[0]?.waitUs ?? 0));
      }
      const used = async (): Promise<number> => (await takeOne(store, { ...claim, cost: 0 })).used;
      await store.giveBack([{ ...claim, takenForUs: slots[1] as number }]);
      assert.equal(await used(), 3);
      await store.giveBack([claim]);
      assert.equal(await used(), 3);
      await store.giveBack([{ ...claim, takenForUs: slots[2] as number }]);
      assert.equal(await used(), 2);
      assert.equal((await store.take([claim])).nowUs + (await waitOfLast(store, claim)), slots[2]);
    });

    checkAll('counts leases, renews them, and lets them end', async ({ store, clock }) => {
      const place = (lease: string, cost = 1): LimitClaim =>
        claimOf({ algorithm: 'concurrency', limit: 2, lease: '1s' }, { lease, cost });
      assert.equal((await takeOne(store, place('a'))).used, 1);
      clock.nowUs += 400_000;
      assert.equal((await takeOne(store, place('b', 7))).used, 2);
      const denied = await takeOne(store, place('c'));
      assert.deepEqual([denied.isAllowed, denied.retryAfterUs, denied.remaining], [false, 600_000, 0]);
      assert.deepEqual(pickTaken(await takeOne(store, place('a'))), [true, 2]);
      assert.equal((await takeOne(store, place('c'))).retryAfterUs, 1_000_000);
      await store.giveBack([place('b')]);
      assert.deepEqual(pickTaken(await takeOne(store, place('c'))), [true, 2]);
      await store.penalize([place('d', 5)]);
      clock.nowUs += 999_999;
      assert.deepEqual(pickTaken(await takeOne(store, place('d'))), [false, 2]);
      clock.nowUs += 1;
      assert.deepEqual(pickTaken(await takeOne(store, place('d'))), [true, 1]);
    });

    checkAll('forgets the policies that it is told to, and all without names', async ({ store }) => {
      const claims = FIVE.map((policy, index) => claimOf(policy, { policy: `p${index}` }));
      const stranger = claimOf(FIVE[0] as never, { subject: 'user:2' });
      const used = async (): Promise<number[]> =>
        (await store.take(claims.map((claim) => ({ ...claim, cost: 0 })))).verdicts.map((verdict) => verdict.used);
      await store.take([...claims, stranger]);
      await store.reset('user:1', ['p0', 'p5', 'never seen']);
      assert.deepEqual(await used(), [0, 1, 1, 1, 1, 0, 1, 1, 1, 1]);
      await store.reset('user:1', []);
      assert.deepEqual(await used(), [0, 1, 1, 1, 1, 0, 1, 1, 1, 1]);
      await store.take(claims);
      await store.reset('user:1');
      assert.deepEqual(await used(), new Array(10).fill(0));
      assert.equal((await takeOne(store, stranger)).used, 2);
    });

    checkAll('begins the windows of subjects at moments of their own if so told', async ({ store }) => {
      const claim = claimOf({ algorithm: 'fixed-window', limit: 5, window: '1h', anchor: 'subject' });
      const resets = new Set<number>();
      for (let user = 0; user < 20; user++) {
        resets.add((await takeOne(store, { ...claim, subject: `user:${user}` })).resetAfterUs);
      }
      assert.ok(resets.size > 15);
    });

    checkAll('begins anew when a policy changes its algorithm, also there and back', async ({ store }) => {
      const details = { policy: 'same' };
      const log = claimOf({ algorithm: 'sliding-log', limit: 5, window: '1h' }, details);
      const bucket = claimOf({ algorithm: 'leaky-bucket', limit: 5, window: '1h' }, details);
      for (const claim of [log, bucket, log, bucket]) {
        assert.deepEqual(pickTaken(await takeOne(store, { ...claim, cost: 5 })), [true, 5]);
      }
    });

    checkAll('answers a request without limits', async ({ store, clock }) => {
      const answer = { isAllowed: true, verdicts: [], nowUs: clock.nowUs };
      assert.deepEqual(await store.take([]), answer);
      assert.deepEqual(await store.penalize([]), answer);
      await store.giveBack([]);
    });

    checkAll('refuses claims that it cannot judge, and takes nothing', async ({ store }) => {
      const claim = claimOf(FIVE[0] as never);
      const place = claimOf({ algorithm: 'concurrency', limit: 2 }, { policy: 'places' });
      const { lease: _lease, ...withoutLease } = place;
      const bad: LimitClaim[] = [
        ...[-1, 0.5, NaN, Infinity, 2 ** 53].map((cost) => ({ ...claim, cost, policy: 'bad' })),
        { ...claim, subject: '' },
        withoutLease,
        claim,
      ];
      for (const one of bad) {
        await assert.rejects(store.take([claim, one]), { code: 'INVALID_CLAIM' });
        await assert.rejects(store.penalize([claim, one]), { code: 'INVALID_CLAIM' });
        await assert.rejects(store.giveBack([claim, one]), { code: 'INVALID_CLAIM' });
      }
      assert.equal((await takeOne(store, claim)).used, 1);
    });

    checkAll('tells apart subjects and policies with any characters', async ({ store }) => {
      const names = ['a', 'a:b', 'a}', 'a}:b', '{a', '%7B', 'ü\u0000\ud800', 'x'.repeat(300), `${'x'.repeat(300)}y`];
      for (const subject of names) {
        for (const policy of ['fixed', 'log']) {
          const rule = policy === 'log' ? FIVE[5] : FIVE[0];
          assert.equal((await takeOne(store, claimOf(rule as never, { subject, policy }))).used, 1);
        }
      }
    });
  });
}

/** Moves to the beginning of a window of the clock or of the subject. */
async function beginWindow({ store, clock }: LimitStoreSubject, claim: LimitClaim): Promise<void> {
  clock.nowUs += (await takeOne(store, claim)).resetAfterUs;
}

/** The verdict on the only claim. */
export async function takeOne(store: LimitStore, claim: LimitClaim): Promise<LimitVerdict> {
  return onlyVerdict(await store.take([claim]));
}

function onlyVerdict({ isAllowed, verdicts }: LimitAnswer): LimitVerdict {
  const [verdict] = verdicts;
  assert.ok(verdict !== undefined && verdicts.length === 1);
  assert.equal(isAllowed, verdict.isAllowed);
  return verdict;
}

function pickTaken({ isAllowed, used }: LimitVerdict): [boolean, number] {
  return [isAllowed, used];
}

/** How long the last of a queue had to wait: a slot less than who comes now. */
async function waitOfLast(store: LimitStore, claim: LimitClaim): Promise<number> {
  return (await takeOne(store, { ...claim, cost: 0 })).waitUs - 142_857;
}
