import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeClock, SeededRandom } from '@nest-strata/testing';
import type { DrainReport } from './eviction-outbox.js';
import { OutboxRelay } from './outbox-relay.js';

const DRAINED: DrainReport = { evicted: 0, unconfirmed: 0, failed: 0 };
const away = new Error('the database is away');

const drain = jest.fn<(graceMs?: number) => Promise<DrainReport>>();
const flush = jest.fn<() => Promise<void>>();
let warn: jest.SpiedFunction<Logger['warn']>;
let log: jest.SpiedFunction<Logger['log']>;
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
  drain.mockReset().mockResolvedValue(DRAINED);
  flush.mockReset().mockResolvedValue();
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

function relayWith(fraction: number): OutboxRelay {
  const random = Object.assign(new SeededRandom(1), { fraction: () => fraction });
  return new OutboxRelay({ outbox: { drain, flush }, intervalMs: 1000, clock, random });
}

describe('OutboxRelay', () => {
  it.each([
    [0, 500],
    [0.5, 1000],
    [0.999, 1499],
  ])('pauses for the interval, spread by half of it: at %d for %d ms', async (fraction, pauseMs) => {
    const relay = relayWith(fraction);
    relay.start();
    await clock.advanceAsync(pauseMs - 1);
    expect(drain).toHaveBeenCalledTimes(0);
    await clock.advanceAsync(1);
    expect(drain.mock.calls).toEqual([[undefined]]);
    await clock.advanceAsync(pauseMs * 3);

    expect(drain).toHaveBeenCalledTimes(4);
    await relay.stop(1000);
  });

  it('never drains twice at a time', async () => {
    let finish = (_: DrainReport): void => undefined;
    drain.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)));
    const relay = relayWith(0.5);
    relay.start();
    await clock.advanceAsync(60_000);
    expect(drain).toHaveBeenCalledTimes(1);
    finish(DRAINED);
    await clock.advanceAsync(1000);

    expect(drain).toHaveBeenCalledTimes(2);
  });

  it('goes on after a failure, and tells it once, and its end', async () => {
    drain.mockRejectedValueOnce(away).mockRejectedValueOnce('no error').mockResolvedValue(DRAINED);
    const relay = relayWith(0.5);
    relay.start();
    await clock.advanceAsync(2000);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('cannot be drained'), { cause: away.message }]]);
    expect(log).not.toHaveBeenCalled();
    await clock.advanceAsync(2000);

    expect(log).toHaveBeenCalledTimes(1);
    drain.mockRejectedValueOnce('no error');
    await clock.advanceAsync(1000);
    expect(warn.mock.calls[1]).toEqual([expect.any(String), { cause: 'no error' }]);
  });

  it('ends with the deletion of what is confirmed, and a drain of rows of any age', async () => {
    const relay = relayWith(0.5);
    relay.start();
    await relay.stop(1000);
    expect(flush).toHaveBeenCalledTimes(1);
    expect(drain.mock.calls).toEqual([[0]]);
    await clock.advanceAsync(60_000);

    expect(drain).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends after the drain that runs, and begins no other', async () => {
    let finish = (_: DrainReport): void => undefined;
    drain.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)));
    const relay = relayWith(0.5);
    relay.start();
    await clock.advanceAsync(1000);
    const stopped = relay.stop(5000);
    await clock.advanceAsync(100);
    expect(drain).toHaveBeenCalledTimes(1);
    finish(DRAINED);
    await stopped;
    await clock.advanceAsync(60_000);

    expect(drain.mock.calls).toEqual([[undefined], [0]]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('ends when its time is up, and says so', async () => {
    drain.mockReturnValue(new Promise(() => undefined));
    const relay = relayWith(0.5);
    const stopped = relay.stop(1000);
    await clock.advanceAsync(1000);
    await stopped;

    expect(warn).toHaveBeenCalledWith(expect.stringContaining('not drained in time'));
  });
});
