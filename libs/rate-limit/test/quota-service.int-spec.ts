import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRedis, RedisUnavailableError, type RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, FakeClock, RedisServer } from '@nest-strata/testing';
import { InvalidQuotaError } from '../src/quota/invalid-quota.error.js';
import { MemoryQuotaStore } from '../src/quota/memory.quota-store.js';
import type { QuotaEvent } from '../src/quota/quota-event.js';
import { QuotaExceededError } from '../src/quota/quota-exceeded.error.js';
import type { QuotaRequest } from '../src/quota/quota-request.js';
import { QuotaReservationError } from '../src/quota/quota-reservation.error.js';
import { QuotaService } from '../src/quota/quota-service.js';

const CALLS = { user: '42', quota: 'api_calls' };
const DEFINITION = { name: 'api_calls', limits: { daily: 10, monthly: 100 } } as const;

describe('QuotaService in memory', () => {
  let nowMs: number;
  let clock: FakeClock;
  let quotas: QuotaService;
  let events: QuotaEvent[];

  beforeEach(() => {
    nowMs = Date.parse('2026-11-20T22:00:00Z');
    clock = new FakeClock();
    const store = new MemoryQuotaStore({ nowMs: () => nowMs });
    quotas = QuotaService.create({ namespace: 'app', quotas: [DEFINITION] }, { store, clock });
    events = [];
    quotas.listen((event) => events.push(event));
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    clock.advance(ms);
  };

  it('takes from the day and the month, and tells how the user stands', async () => {
    expect(await quotas.consume({ ...CALLS, cost: 3 })).toEqual({
      ...CALLS,
      isAllowed: true,
      isRepeated: false,
      isDegraded: false,
      retryAfterMs: 0,
      periods: [
        {
          kind: 'daily',
          id: '2026-11-20',
          limit: 10,
          used: 3,
          reserved: 0,
          remaining: 7,
          startsAtMs: Date.parse('2026-11-20'),
          endsAtMs: Date.parse('2026-11-21'),
        },
        {
          kind: 'monthly',
          id: '2026-11',
          limit: 100,
          used: 3,
          reserved: 0,
          remaining: 97,
          startsAtMs: Date.parse('2026-11-01'),
          endsAtMs: Date.parse('2026-12-01'),
        },
      ],
    });
  });

  it('denies what is too much until the period is over, and then gives anew', async () => {
    await quotas.consume({ ...CALLS, cost: 10 });
    expect(await quotas.consume(CALLS)).toMatchObject({ isAllowed: false, retryAfterMs: 2 * 3_600_000 });
    pass(2 * 3_600_000 - 1);
    expect(await quotas.consume(CALLS)).toMatchObject({ isAllowed: false, retryAfterMs: 1 });
    pass(1);
    expect(await quotas.consume(CALLS)).toMatchObject({ isAllowed: true, periods: [{ used: 1 }, { used: 11 }] });
  });

  it('says that waiting does not help where more is asked for than there is', async () => {
    const failure = await quotas.consumeOrThrow({ ...CALLS, cost: 11 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(QuotaExceededError);
    expect(failure).toMatchObject({ code: 'QUOTA_EXCEEDED', retryAfterMs: Infinity });
    expect((failure as Error).message).toBe(
      'The quota api_calls is used up (daily 0 of 10, monthly 0 of 100): more was asked for than a period has.',
    );
  });

  it('follows the store into its period where the clock of this process lags', async () => {
    await quotas.consume(CALLS);
    nowMs += 3 * 3_600_000;
    expect(await quotas.consume(CALLS)).toMatchObject({ periods: [{ id: '2026-11-21', used: 1 }, { used: 2 }] });
  });

  it('counts a repeated request once', async () => {
    await quotas.consume({ ...CALLS, id: 'r1' });
    expect(await quotas.consume({ ...CALLS, id: 'r1' })).toMatchObject({
      isAllowed: true,
      isRepeated: true,
      periods: [{ used: 1 }, { used: 1 }],
    });
  });

  it('counts what was used instead of what was reserved', async () => {
    const reservation = await quotas.reserve({ ...CALLS, cost: 8 });
    expect(reservation.result.periods[0]).toMatchObject({ used: 8, reserved: 8, remaining: 2 });
    await expect(quotas.reserve({ ...CALLS, cost: 3 })).rejects.toThrow(QuotaExceededError);
    expect((await reservation.commit(5)).periods[0]).toMatchObject({ used: 5, reserved: 0 });
  });

  it('counts what was reserved where nothing else is said, and nothing where it is cancelled', async () => {
    await (await quotas.reserve({ ...CALLS, cost: 4 })).commit();
    const second = await quotas.reserve({ ...CALLS, cost: 4 });
    expect((await second.cancel()).periods[0]).toMatchObject({ used: 4 });
    await expect(second.commit()).rejects.toThrow(QuotaReservationError);
  });

  it('gives back a reservation that nobody settles', async () => {
    await quotas.reserve({ ...CALLS, cost: 10, ttl: '1m' });
    pass(59_999);
    expect((await quotas.consume(CALLS)).isAllowed).toBe(false);
    pass(1);
    expect((await quotas.consume(CALLS)).isAllowed).toBe(true);
  });

  it('settles what another process has reserved, by its id', async () => {
    const { id } = await quotas.reserve({ ...CALLS, cost: 8, id: 'upload-1' });
    expect((await quotas.reservation(CALLS, id, 8).commit(2)).periods[0]).toMatchObject({ used: 2 });
    await expect(quotas.reservation(CALLS, 'upload-2', 8).commit()).rejects.toThrow(
      'Nothing is known of the reservation "upload-2"',
    );
    expect((await quotas.reservation(CALLS, 'upload-2', 8).cancel()).periods[0]).toMatchObject({ used: 2 });
  });

  it('tells each threshold once', async () => {
    for (let count = 0; count < 12; count++) await quotas.consume(CALLS);
    expect(events.filter(({ type }) => type === 'threshold')).toEqual(
      [80, 90, 100].map((percent) => ({
        ...CALLS,
        type: 'threshold',
        kind: 'daily',
        period: '2026-11-20',
        percent,
        used: percent / 10,
        limit: 10,
      })),
    );
    expect(events.filter(({ type }) => type === 'denied')).toHaveLength(2);
  });

  it('takes the limits of the request, and keeps what was used', async () => {
    await quotas.consume({ ...CALLS, cost: 10 });
    expect(await quotas.consume({ ...CALLS, limits: { daily: 50 } })).toMatchObject({
      isAllowed: true,
      periods: [{ kind: 'daily', limit: 50, used: 11 }],
    });
  });

  it('gives back, and forgets', async () => {
    await quotas.consume({ ...CALLS, cost: 5 });
    expect((await quotas.refund({ ...CALLS, cost: 2 })).periods[0]).toMatchObject({ used: 3 });
    await quotas.reset(CALLS);
    expect((await quotas.usage(CALLS)).periods.map(({ used }) => used)).toEqual([0, 0]);
  });

  it('tells what was used in earlier periods', async () => {
    await quotas.consume({ ...CALLS, cost: 5 });
    pass(86_400_000);
    await quotas.consume({ ...CALLS, cost: 2 });
    expect((await quotas.history(CALLS, 'daily', 3)).map(({ id, used }) => [id, used])).toEqual([
      ['2026-11-21', 2],
      ['2026-11-20', 5],
      ['2026-11-19', 0],
    ]);
    expect((await quotas.history(CALLS, 'monthly', 2)).map(({ id, used }) => [id, used])).toEqual([
      ['2026-11', 7],
      ['2026-10', 0],
    ]);
  });

  it('counts in the midnight of its time zone', async () => {
    quotas.define({ ...DEFINITION, timeZone: 'Europe/Berlin' });
    expect((await quotas.consume(CALLS)).periods[0]).toMatchObject({ id: '2026-11-20' });
    pass(3_600_000);
    expect((await quotas.consume(CALLS)).periods[0]).toMatchObject({ id: '2026-11-21', used: 1 });
  });

  it.each([
    [{ ...CALLS, cost: -1 }, 'cost: is -1'],
    [{ ...CALLS, cost: 1.5 }, 'cost: is 1.5'],
    [{ ...CALLS, cost: Infinity }, 'cost: is Infinity'],
    [{ ...CALLS, user: '' }, 'user: is empty'],
    [{ ...CALLS, id: '' }, 'id: is not valid'],
    [{ ...CALLS, quota: 'none' }, 'name: is not declared. Declared are: api_calls'],
    [{ ...CALLS, limits: {} }, 'limits: is {}'],
    [{ ...CALLS, limits: { hourly: 1 } }, 'limits.hourly: is no period'],
  ])('refuses %j and says why', async (given, message) => {
    const request = given as QuotaRequest;
    await expect(quotas.consume(request)).rejects.toThrow(InvalidQuotaError);
    await expect(quotas.consume(request)).rejects.toThrow(message);
  });

  it('refuses a declaration with all that is wrong', () => {
    const wrong = { name: 'A', limits: { daily: 1.5 }, timeZone: 'Mars', billingDay: 32, keepFor: 'forever' } as const;
    expect(() => quotas.define({ ...wrong, thresholds: [0], remember: '0ms', whenAway: 'local' as never })).toThrow(
      /name: [^]*limits.daily: [^]*timeZone: [^]*billingDay: [^]*thresholds: [^]*keepFor: [^]*remember: [^]*whenAway: /,
    );
  });

  it('breaks no call for a listener that throws', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    quotas.listen(() => {
      throw new Error('listener');
    });
    expect((await quotas.consume({ ...CALLS, cost: 10 })).isAllowed).toBe(true);
    expect(warn).toHaveBeenCalledWith('A listener failed: listener', expect.anything());
    warn.mockRestore();
  });
});

describe('QuotaService on Redis', () => {
  let server: RedisServer;
  let port: RedisPort;
  let redis: ChaosRedisPort;
  let quotas: QuotaService;

  beforeEach(async () => {
    server = await RedisServer.start();
    port = createRedis({ url: server.url, deadline: '2s' });
    await port.connect();
    redis = new ChaosRedisPort(port);
    quotas = QuotaService.create({ namespace: 'app', quotas: [DEFINITION] }, { redis });
  });
  afterEach(async () => {
    await port.close();
    await server.stop();
  });

  it('counts under the date of today, with two processes in one count', async () => {
    const other = QuotaService.create({ namespace: 'app', quotas: [DEFINITION] }, { redis: port });
    await Promise.all([quotas.consume(CALLS), other.consume(CALLS)]);
    const [day] = (await quotas.usage(CALLS)).periods;
    expect(day?.used).toBe(2);
    expect(String(await port.send('GET', [`strata:app:q:42:api_calls:${day?.id ?? ''}`]))).toBe('2');
    expect((await other.history(CALLS, 'daily', 2)).map(({ used }) => used)).toEqual([2, 0]);
  });

  it('charges a retried request once though the first answer was lost', async () => {
    redis.disturb({ loseReply: 1 });
    expect((await quotas.consume({ ...CALLS, cost: 3, id: 'r1' })).isDegraded).toBe(true);
    redis.disturb({});
    expect(await quotas.consume({ ...CALLS, cost: 3, id: 'r1' })).toMatchObject({
      isAllowed: true,
      periods: [{ used: 3 }, { used: 3 }],
    });
  });

  it('admits while Redis is away where it is open, denies where it is closed, and says so once', async () => {
    const events: QuotaEvent[] = [];
    quotas.define({ ...DEFINITION, name: 'tokens', whenAway: 'closed' });
    quotas.listen((event) => events.push(event));
    await quotas.consume(CALLS);
    redis.disturb({ refuse: 1 });
    expect(await quotas.consume(CALLS)).toMatchObject({ isAllowed: true, isDegraded: true, periods: [] });
    expect(await quotas.consume({ user: '42', quota: 'tokens' })).toMatchObject({
      isAllowed: false,
      isDegraded: true,
      retryAfterMs: 1_000,
    });
    await expect(quotas.history(CALLS, 'daily')).rejects.toThrow(RedisUnavailableError);
    expect(quotas.isDegraded).toBe(true);
    redis.disturb({});
    expect((await quotas.consume(CALLS)).periods[0]).toMatchObject({ used: 2 });
    expect(quotas.isDegraded).toBe(false);
    expect(events.map(({ type }) => type)).toEqual(['degraded', 'recovered']);
  });

  it('counts what was used of a reservation that Redis knows nothing of', async () => {
    await quotas.consume(CALLS);
    redis.disturb({ refuse: 1 });
    const reservation = await quotas.reserve({ ...CALLS, cost: 5 });
    expect((await reservation.commit(4)).isDegraded).toBe(true);
    redis.disturb({});
    expect((await reservation.commit(4)).periods[0]).toMatchObject({ used: 5 });
    expect((await reservation.commit(4)).periods[0]).toMatchObject({ used: 5 });
  });

  it('knows its scripts again after they were flushed', async () => {
    await quotas.consume(CALLS);
    await port.send('SCRIPT', ['FLUSH']);
    expect((await quotas.consume(CALLS)).periods[0]).toMatchObject({ used: 2 });
  });
});
