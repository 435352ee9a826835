import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import fc from 'fast-check';
import { CircuitBreaker, type BreakerState } from './circuit-breaker.js';

function setUp(failures = 3) {
  const clock = new FakeClock();
  const changes: BreakerState[] = [];
  const breaker = new CircuitBreaker({ failures, openForMs: 200 }, clock, (state) => changes.push(state));
  return { clock, changes, breaker };
}

describe('CircuitBreaker', () => {
  it('opens at the given number of failures in a row', () => {
    const { breaker, changes } = setUp();
    breaker.recordFailure();
    breaker.recordFailure();
    expect(breaker.state).toBe('closed');
    breaker.recordFailure();
    expect(breaker.state).toBe('open');
    expect(changes).toEqual(['open']);
  });

  it('starts counting anew after a success', () => {
    const { breaker } = setUp();
    for (let round = 0; round < 5; round++) {
      breaker.recordFailure();
      breaker.recordFailure();
      breaker.recordSuccess();
    }
    expect(breaker.state).toBe('closed');
  });

  it('asks for a probe when its time is over, and closes if that succeeds', () => {
    const { breaker, clock, changes } = setUp(1);
    breaker.recordFailure();
    clock.advance(199);
    expect(breaker.state).toBe('open');
    clock.advance(1);
    expect(breaker.state).toBe('half-open');
    breaker.recordSuccess();
    expect(changes).toEqual(['open', 'half-open', 'closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('opens for another time if the probe fails', () => {
    const { breaker, clock, changes } = setUp(3);
    for (let failure = 0; failure < 3; failure++) breaker.recordFailure();
    clock.advance(200);
    breaker.recordFailure();
    expect(breaker.state).toBe('open');
    clock.advance(200);
    expect(changes).toEqual(['open', 'half-open', 'open', 'half-open']);
  });

  it('is not moved by late outcomes while open, nor told twice', () => {
    const { breaker, changes, clock } = setUp(1);
    breaker.recordFailure();
    breaker.recordFailure();
    breaker.recordSuccess();
    breaker.recordFailure();
    expect(changes).toEqual(['open']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('starts over when what failed has been replaced', () => {
    const { breaker, changes, clock } = setUp(2);
    breaker.recordFailure();
    breaker.reset();
    breaker.recordFailure();
    expect(changes).toEqual([]);
    breaker.recordFailure();
    breaker.reset();
    expect(changes).toEqual(['open', 'closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks for nothing once stopped', () => {
    const { breaker, changes, clock } = setUp(1);
    breaker.recordFailure();
    breaker.stop();
    clock.advance(1_000);
    expect(changes).toEqual(['open']);
  });

  it('changes state whenever it says so and keeps at most one timer, whatever happens', () => {
    const steps = fc.array(fc.oneof(fc.constantFrom('recordSuccess', 'recordFailure', 'reset', 'stop'), fc.nat(300)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (events) => {
        const { breaker, clock, changes } = setUp();
        for (const event of events) {
          const toldBefore = changes.length;
          if (typeof event === 'number') clock.advance(event);
          else breaker[event as 'stop']();
          expect(changes.length - toldBefore).toBeLessThanOrEqual(1);
          expect(breaker.state).toBe(changes.at(-1) ?? 'closed');
          expect(clock.pendingTimers).toBeLessThanOrEqual(breaker.state === 'open' ? 1 : 0);
        }
      }),
    );
  });
});
