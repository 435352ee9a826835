import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import { CACHE_CHANNEL } from './cache-event.js';
import type { CacheEvent } from './cache-event.js';
import { CacheEvents } from './cache-events.js';

const EVENT: CacheEvent = { type: 'miss', cache: 'c', key: 'k' };
const LOST: CacheEvent = { type: 'coherence', cache: 'c', state: 'lost', mode: undefined };
const rethrow = (error: unknown) => {
  throw error;
};

describe('CacheEvents', () => {
  it('reaches every listener until it stops listening', () => {
    const events = new CacheEvents(rethrow);
    const heard: string[] = [];
    const stop = events.listen(() => heard.push('first'));
    events.listen(() => heard.push('second'));
    events.emit(EVENT);
    stop();
    events.emit(EVENT);
    expect(heard).toEqual(['first', 'second', 'second']);
  });

  it('goes on to the next listener when one throws, and hands the error on', () => {
    const errors: unknown[] = [];
    const heard: CacheEvent[] = [];
    const events = new CacheEvents((error) => errors.push(error));
    events.listen(() => rethrow(new Error('broken')));
    events.listen((event) => heard.push(event));
    events.emit(EVENT);
    expect([errors, heard]).toEqual([[new Error('broken')], [EVENT]]);
  });

  it('tells of the state alone to who listens to that, and makes no calls tell of themselves', () => {
    const errors: unknown[] = [];
    const heard: CacheEvent[] = [];
    const events = new CacheEvents((error) => errors.push(error));
    const stop = events.listenToState((event) => heard.push(event));
    events.listenToState(() => rethrow(new Error('broken')));
    expect(events.isHeard).toBe(false);
    events.emit(EVENT);
    events.emit(LOST);
    stop();
    events.emit(LOST);
    expect(heard).toEqual([LOST]);
    expect(errors).toEqual([new Error('broken'), new Error('broken')]);
  });

  it('is heard on the diagnostics channel, and knows whether anybody listens', () => {
    const events = new CacheEvents(rethrow);
    expect(events.isHeard).toBe(false);
    const heard: unknown[] = [];
    const onMessage = (message: unknown) => heard.push(message);
    subscribe(CACHE_CHANNEL, onMessage);
    expect(events.isHeard).toBe(true);
    events.emit(EVENT);
    unsubscribe(CACHE_CHANNEL, onMessage);
    expect(heard).toEqual([EVENT]);
    expect(events.isHeard).toBe(false);
  });
});
