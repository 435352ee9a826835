import { beforeEach, describe, expect, it } from '@jest/globals';
import { Gate } from './gate.js';

describe('Gate', () => {
  let gate: Gate<string>;
  let passed: string[];

  beforeEach(() => {
    gate = new Gate();
    passed = [];
  });

  function enter(visitor: string): Promise<void> {
    return gate.pass(visitor).then(() => void passed.push(visitor));
  }

  /** Lets promises settle that can. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('makes everybody wait until they are let through, the oldest first', async () => {
    const calls = [enter('a'), enter('b')];
    await settle();
    expect([passed, gate.waiting, gate.isOpen]).toEqual([[], ['a', 'b'], false]);
    gate.release();
    await calls[0];
    expect([passed, gate.waiting]).toEqual([['a'], ['b']]);
    gate.release();
    await calls[1];
    expect(passed).toEqual(['a', 'b']);
  });

  it('lets the one through that is meant', async () => {
    const [, second] = [enter('a'), enter('b')];
    gate.release((visitor) => visitor === 'b');
    await second;
    expect([passed, gate.waiting]).toEqual([['b'], ['a']]);
  });

  it('tells who is there, and who comes, to those who ask for them', async () => {
    const arrivals = Promise.all([gate.arrival(), gate.arrival((visitor) => visitor === 'b')]);
    void enter('a');
    void enter('b');
    expect(await arrivals).toEqual(['a', 'b']);
    expect(await gate.arrival()).toBe('a');
    expect(await gate.arrival((visitor) => visitor === 'b')).toBe('b');
  });

  it('lets nobody wait while it is open, and everybody again once it is closed', async () => {
    const calls = [enter('a'), enter('b')];
    gate.open();
    await Promise.all([...calls, enter('c')]);
    gate.close();
    void enter('d');
    await settle();
    expect([passed, gate.waiting]).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('fails a call in the way that the test says', async () => {
    const calls = [enter('a'), enter('b')];
    gate.fail(new Error('no database'), (visitor) => visitor === 'b');
    await expect(calls[1]).rejects.toThrow('no database');
    expect(gate.waiting).toEqual(['a']);
  });

  it('says so when nobody is there to be let through', () => {
    expect(() => gate.release()).toThrow('Nobody waits at the gate. Await gate.arrival(…)');
    void enter('a');
    expect(() => gate.fail(new Error('x'), (visitor) => visitor === 'b')).toThrow('Of the 1 that wait, none is');
    expect(gate.waiting).toEqual(['a']);
  });
});
