import { describe, expect, it } from '@jest/globals';
import { Flight, SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  it('lets nobody join a flight whose result is out, though it has not landed yet', async () => {
    const flights = new SingleFlight<number>();
    const flight = new Flight<number>('a', 0);
    flights.start(flight);
    expect(flights.find('a')).toBe(flight);
    const result = flight.join(undefined);
    flight.settle(() => 1);
    expect(await result).toBe(1);
    expect(flights.find('a')).toBeUndefined();
  });

  it('leaves a successor in place when the former flight lands', () => {
    const flights = new SingleFlight<number>();
    const [former, successor] = [new Flight<number>('a', 0), new Flight<number>('a', 0)];
    flights.start(former);
    former.fail(new Error('late'));
    flights.start(successor);
    flights.land(former);
    expect(flights.find('a')).toBe(successor);
  });
});

describe('an invalidation', () => {
  const flights = new SingleFlight<number>();
  const entry = {
    tags: [],
    createdAtMs: 0,
    freshUntilMs: 0,
    goneAtMs: Infinity,
    sourceVersion: '',
    etag: undefined,
    loadMs: 0,
    writeId: '',
    clearVersion: '',
  };
  const copy = { value: 'old', isCopiedOnRead: false, isHeld: true, tier: 'memory', entry };
  const interim = { copy, untilMs: Infinity };
  const start = (key: string, isWaiting = false) => {
    const flight = new Flight<number>(key, 0);
    flight.isWaiting = isWaiting;
    flights.start(flight);
    return flight;
  };

  it('by this process detaches any flight of the key, or all', () => {
    start('a', true);
    start('b');
    flights.detach('a');
    expect([flights.find('a'), flights.size]).toEqual([undefined, 1]);
    flights.detachAll();
    expect(flights.size).toBe(0);
  });

  it('by another detaches a flight that runs, and leaves one that waits for that other', () => {
    const waiting = start('a', true);
    start('b');
    for (const key of ['a', 'b', 'c']) flights.detachRunning(key);
    expect([flights.find('a'), flights.find('b')]).toEqual([waiting, undefined]);
    start('b');
    flights.detachAllRunning();
    expect([flights.find('a'), flights.find('b')]).toEqual([waiting, undefined]);
    flights.detachAll();
  });

  it('by another detaches a flight that has a copy for who comes, also while it waits for that other', () => {
    for (const detach of [() => flights.detachRunning('a'), () => flights.detachAllRunning()]) {
      start('a', true).interim = interim;
      detach();
      expect(flights.find('a')).toBeUndefined();
    }
  });
});

describe('Flight', () => {
  const values = (flight: Flight<number>, callers: number) =>
    Promise.allSettled(Array.from({ length: callers }, () => flight.join(undefined)));

  it('serves who waits now and goes on for who comes later', async () => {
    const flight = new Flight<number>('a', 0);
    const early = values(flight, 2);
    flight.serve((index) => index);
    expect(await early).toEqual([
      { status: 'fulfilled', value: 0 },
      { status: 'fulfilled', value: 1 },
    ]);
    expect([flight.isOver, flight.isAwaited, flight.isAbandoned]).toEqual([false, false, false]);
    const late = values(flight, 1);
    flight.settle(() => 7);
    expect(await late).toEqual([{ status: 'fulfilled', value: 7 }]);
    expect(flight.isOver).toBe(true);
  });

  it('dismisses who waits now and goes on for who comes later', async () => {
    const flight = new Flight<number>('a', 0);
    const early = flight.join(undefined);
    flight.dismiss(new Error('late'));
    await expect(early).rejects.toThrow('late');
    expect([flight.isOver, flight.isBackground]).toEqual([false, true]);
  });

  it('rejects the one caller whose result cannot be made', async () => {
    const flight = new Flight<number>('a', 0);
    const callers = values(flight, 2);
    flight.settle((index) => {
      if (index === 0) throw new Error('no copy');
      return index;
    });
    expect(await callers).toEqual([
      { status: 'rejected', reason: new Error('no copy') },
      { status: 'fulfilled', value: 1 },
    ]);
  });

  it('is abandoned when the last caller has left, unless it goes on in the background', async () => {
    const [left, right] = [new AbortController(), new AbortController()];
    const flight = new Flight<number>('a', 0);
    let abandonments = 0;
    flight.onAbandoned = () => abandonments++;
    const callers = [left, right].map(({ signal }) => flight.join(signal));
    left.abort(new Error('left'));
    expect([abandonments, flight.isAbandoned]).toEqual([0, false]);
    right.abort(new Error('right'));
    expect([abandonments, flight.isAbandoned]).toEqual([1, true]);
    await expect(callers[0]).rejects.toThrow('left');
    await expect(callers[1]).rejects.toThrow('right');
    flight.goOnInBackground();
    expect(flight.isAbandoned).toBe(false);
  });

  it('lets go of the signals of those whom it has answered', async () => {
    const controller = new AbortController();
    const flight = new Flight<number>('a', 0);
    let abandonments = 0;
    flight.onAbandoned = () => abandonments++;
    const caller = flight.join(controller.signal);
    flight.settle(() => 1);
    controller.abort(new Error('too late'));
    expect(await caller).toBe(1);
    expect(abandonments).toBe(0);
  });
});
