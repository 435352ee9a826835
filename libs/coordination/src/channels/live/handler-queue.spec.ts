import { describe, expect, it } from '@jest/globals';
import { HandlerQueue } from './handler-queue.js';

function drain<Item>(queue: HandlerQueue<Item>): unknown[] {
  const taken: unknown[] = [];
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    taken.push('item' in entry ? entry.item : entry.gap);
  }
  return taken;
}

describe('HandlerQueue', () => {
  it('gives items in order', () => {
    const queue = new HandlerQueue<number>(3);
    for (const item of [1, 2, 3]) expect(queue.push(item)).toBe(0);
    expect(queue.length).toBe(3);
    expect(drain(queue)).toEqual([1, 2, 3]);
    expect(queue.length).toBe(0);
  });

  it('drops the oldest when it is full, and says once where', () => {
    const queue = new HandlerQueue<number>(2);
    expect([1, 2, 3, 4, 5].map((item) => queue.push(item))).toEqual([0, 0, 1, 1, 1]);
    expect(queue.length).toBe(2);
    expect(drain(queue)).toEqual(['overflow', 4, 5]);
  });

  it('says where something is missing, once in a row', () => {
    const queue = new HandlerQueue<number>(2);
    queue.pushGap('connection');
    queue.pushGap('connection');
    queue.push(1);
    queue.pushGap('connection');
    queue.push(2);
    expect(drain(queue)).toEqual(['connection', 1, 'connection', 2]);
  });

  it('stays bounded however often something is missing', () => {
    const queue = new HandlerQueue<number>(2);
    for (let item = 0; item < 1_000; item++) {
      queue.pushGap('connection');
      queue.push(item);
    }
    expect(drain(queue)).toEqual([expect.any(String), 998, 'connection', 999]);
  });

  it('replaces what waits with the same key where it stands', () => {
    const queue = new HandlerQueue<string>(2, (item) => item.charAt(0));
    for (const item of ['a1', 'b1', 'a2', 'a3']) expect(queue.push(item)).toBe(0);
    expect(drain(queue)).toEqual(['a3', 'b1']);
    queue.push('a4');
    expect(queue.push('b2')).toBe(0);
    expect(queue.push('c1')).toBe(1);
    queue.push('a5');
    expect(drain(queue)).toEqual(['overflow', 'c1', 'a5']);
    expect(queue.length).toBe(0);
  });

  it('is empty once it was cleared', () => {
    const queue = new HandlerQueue<string>(2, (item) => item);
    queue.push('a');
    queue.pushGap('connection');
    queue.clear();
    queue.push('a');
    expect(queue.length).toBe(1);
    expect(drain(queue)).toEqual(['a']);
  });
});
