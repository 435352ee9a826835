import { describe, expect, it } from '@jest/globals';
import { Flight, SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  it('lets nobody join a flight whose result is out, though it has not landed yet', async () => {
    const flights = new SingleFlight<number>();
    const flight = new Flight<number>('a');
    flights.start(flight);
    expect(flights.find('a')).toBe(flight);
    const result = flight.join(undefined);
    flight.settle(() => 1);
    expect(await result).toBe(1);
    expect(flights.find('a')).toBeUndefined();
  });

  it('leaves a successor in place when the former flight lands', () => {
    const flights = new SingleFlight<number>();
    const [former, successor] = [new Flight<number>('a'), new Flight<number>('a')];
    flights.start(former);
    former.fail(new Error('late'));
    flights.start(successor);
    flights.land(former);
    expect(flights.find('a')).toBe(successor);
  });
});
