import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FakeClock, SeededRandom, SkewedClock } from '@nest-strata/testing';
import { HeldLeases, LEASE_MS } from '../src/leases/held-leases.js';
import { RecordedRedisPort } from './recorded.redis-port.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let sent: RecordedRedisPort;
let fake: FakeClock;
let clock: SkewedClock;
let leases: HeldLeases;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  await redis.send('FLUSHALL', []);
  sent = new RecordedRedisPort(redis.port);
  fake = new FakeClock();
  clock = new SkewedClock({}, fake);
  leases = new HeldLeases(sent, clock, new SeededRandom());
});

async function take(leaseKey: string, pxMs = LEASE_MS): Promise<string> {
  const token = leases.newToken();
  await redis.send('SET', [leaseKey, token, 'PX', pxMs]);
  leases.hold(leaseKey, token, clock.monotonicMs());
  return token;
}

const leftMs = async (leaseKey: string) => Number(await redis.send('PTTL', [leaseKey]));
/** Lets the replies to renewals come in. */
const answered = () => redis.send('PING', []);

describe('the leases that a process holds', () => {
  it('have tokens that nobody else has', () => {
    const others = new HeldLeases(sent, clock, new SeededRandom(2));
    const tokens = [leases.newToken(), leases.newToken(), others.newToken()];
    expect(new Set(tokens).size).toBe(3);
  });

  it('are renewed every half second, by one timer for all', async () => {
    await take('l:a', 600);
    await take('l:b', 600);
    expect(fake.pendingTimers).toBe(1);
    await fake.advanceAsync(499);
    expect(sent.calls).toEqual([]);
    await fake.advanceAsync(1);
    expect(sent.calls).toEqual(['PEXPIRE', 'GET', 'PEXPIRE', 'GET']);
    await eventually(async () => (await leftMs('l:a')) > 1_500 && (await leftMs('l:b')) > 1_500);
    expect(fake.pendingTimers).toBe(1);
  });

  it('are not renewed any more once they were let go, and then there is no timer', async () => {
    const token = await take('l:a');
    leases.letGo('l:a', 'another token');
    leases.letGo('l:a', token);
    await fake.advanceAsync(500);
    expect(sent.calls).toEqual([]);
    expect(fake.pendingTimers).toBe(0);
    await take('l:b');
    await fake.advanceAsync(500);
    expect(sent.calls).toEqual(['PEXPIRE', 'GET']);
  });

  it('are let go when they turn out to be those of others, or of nobody', async () => {
    await take('l:a');
    await take('l:b');
    await redis.send('SET', ['l:a', 'of others', 'PX', 5_000]);
    await redis.send('DEL', ['l:b']);
    await fake.advanceAsync(500);
    await answered();
    sent.forget();
    await fake.advanceAsync(500);
    expect(sent.calls).toEqual([]);
    expect(Number(await redis.send('EXISTS', ['l:b']))).toBe(0);
  });

  it('are not renewed by a process that was stopped for the life of one', async () => {
    await take('l:a', 60_000);
    clock.leap(LEASE_MS);
    await fake.advanceAsync(0);
    expect(sent.calls).toEqual([]);
    await fake.advanceAsync(500);
    expect(fake.pendingTimers).toBe(0);
    expect(leases.ofPrefix('l:')).toEqual([]);
  });

  it('are renewed for as long as Redis confirms it within the life of one', async () => {
    await take('l:a');
    for (let beat = 0; beat < 10; beat++) {
      await fake.advanceAsync(500);
      await answered();
    }
    expect(sent.calls.filter((call) => call === 'PEXPIRE')).toHaveLength(10);
    expect(leases.ofPrefix('l:')).toHaveLength(1);
  });

  it('are told by the beginning of their keys', async () => {
    const token = await take('l:a:1');
    await take('l:b:1');
    expect(leases.ofPrefix('l:a:')).toEqual([['l:a:1', token]]);
  });

  it('are forgotten at the end', async () => {
    await take('l:a');
    leases.close();
    expect(fake.pendingTimers).toBe(0);
    expect(leases.ofPrefix('')).toEqual([]);
  });

  it('are renewed where they are taken after the end, too', async () => {
    await take('l:a');
    leases.close();
    await take('l:b');
    await fake.advanceAsync(500);
    expect(sent.calls).toEqual(['PEXPIRE', 'GET']);
  });
});
