import type { CacheStateEvent, CoherenceState } from '@nest-strata/engine';
import { FakeClock } from '@nest-strata/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CacheCondition } from './cache-condition.js';

const ARMED: CoherenceState = { configured: 'auto', mode: 'tracking', isArmed: true, lagMs: 0.4567, losses: 2 };
const LOST: CoherenceState = { ...ARMED, isArmed: false, losses: 3 };

/** What is asked of an engine, said by the test. */
class SaidEngine {
  coherence: CoherenceState | undefined = ARMED;
  pendingEvicts = { count: 0, oldestAgeMs: 0 };
  #listener: (event: CacheStateEvent) => void = () => undefined;

  listenToState(listener: (event: CacheStateEvent) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  becomes(coherence: CoherenceState, reason?: string): void {
    this.coherence = coherence;
    const state = coherence.isArmed ? 'armed' : 'lost';
    this.#listener({ type: 'coherence', cache: 'c', state, mode: coherence.mode, ...(reason && { reason }) });
  }

  tell(event: CacheStateEvent): void {
    this.#listener(event);
  }
}

describe('the condition of a cache', () => {
  let clock: FakeClock;
  let engine: SaidEngine;

  beforeEach(() => {
    clock = new FakeClock();
    engine = new SaidEngine();
  });

  it('tells how changes are heard', () => {
    const condition = new CacheCondition(engine, clock);
    expect(condition.coherence).toEqual({ state: 'armed', mode: 'tracking', lagMs: 0.46, losses: 2 });
    expect(condition.isImpaired).toBe(false);
  });

  it('tells what is not known yet of a cache that hears nothing yet', () => {
    engine.coherence = { configured: 'auto', mode: undefined, isArmed: false, lagMs: undefined, losses: 0 };
    const condition = new CacheCondition(engine, clock);
    clock.advance(100);
    expect(condition.coherence).toEqual({ state: 'lost', losses: 0, lostForMs: 100 });
  });

  it('is impaired once changes have not been heard for five seconds, counted from the first word of it', () => {
    const condition = new CacheCondition(engine, clock);
    clock.advance(60_000);
    engine.becomes(LOST, 'the connection broke');
    expect(condition.isImpaired).toBe(false);
    clock.advance(4_000);
    engine.becomes(LOST, 'NOPERM');
    clock.advance(999);
    expect(condition.isImpaired).toBe(false);
    clock.advance(1);
    expect(condition.isImpaired).toBe(true);
    expect(condition.coherence).toEqual({
      state: 'lost',
      mode: 'tracking',
      losses: 3,
      lostForMs: 5_000,
      reason: 'NOPERM',
    });
  });

  it('is impaired when changes were never heard', () => {
    engine.coherence = LOST;
    const condition = new CacheCondition(engine, clock);
    clock.advance(5_000);
    expect(condition.isImpaired).toBe(true);
  });

  it('is well again at once when changes are heard again, and forgets why they were not', () => {
    const condition = new CacheCondition(engine, clock);
    engine.becomes(LOST, 'the connection broke');
    clock.advance(9_000);
    engine.becomes(ARMED);
    expect(condition.isImpaired).toBe(false);
    engine.becomes(LOST);
    clock.advance(1_000);
    expect(condition.coherence).toMatchObject({ state: 'lost', lostForMs: 1_000 });
    expect(condition.coherence).not.toHaveProperty('reason');
    expect(condition.isImpaired).toBe(false);
  });

  it('is impaired as long as evicts are pending', () => {
    const condition = new CacheCondition(engine, clock);
    engine.pendingEvicts = { count: 2, oldestAgeMs: 1234.5 };
    engine.tell({ type: 'pending', cache: 'c', change: 'added', count: 2 });
    expect(condition.pendingEvicts).toEqual({ count: 2, oldestAgeMs: 1235 });
    expect(condition.isImpaired).toBe(true);
    engine.pendingEvicts = { count: 0, oldestAgeMs: 0 };
    expect(condition.isImpaired).toBe(false);
  });

  it('is not impaired where coherence is off', () => {
    engine.coherence = { ...LOST, configured: 'none', mode: undefined, losses: 0 };
    const condition = new CacheCondition(engine, clock);
    clock.advance(60_000);
    expect(condition.coherence).toEqual({ state: 'off', losses: 0 });
    expect(condition.isImpaired).toBe(false);
  });

  it('is nothing to speak of in memory alone', () => {
    engine.coherence = undefined;
    const condition = new CacheCondition(engine, clock);
    clock.advance(60_000);
    expect([condition.coherence, condition.pendingEvicts, condition.isImpaired]).toEqual([undefined, undefined, false]);
  });
});
