import { describe, expect, it } from '@jest/globals';
import { LinkPool, type PooledLink, type Suitability } from './link-pool.js';

interface Standing {
  readonly name: string;
  isReady: boolean;
  isOverdue: boolean;
  suits: Suitability;
}

/** A pool of connections that only stand there. */
function setUp() {
  const make = (name: string): Standing & PooledLink => ({
    name,
    isReady: true,
    isOverdue: false,
    suits: 'will-do',
    reason: undefined,
    open: () => undefined,
    close: () => Promise.resolve(),
  });
  const [a, b, c] = [make('a'), make('b'), make('c')];
  const pool = new LinkPool([a, b, c], (link) => link.suits);
  const picks = (count: number, kind: 'commands' | 'reads' = 'reads') =>
    Array.from({ length: count }, () => pool.pick(kind)?.name).join('');
  return { a, b, c, pool, picks };
}

describe('LinkPool', () => {
  it('gives each connection its turn, for reads and for commands', () => {
    const { picks } = setUp();
    expect([picks(4), picks(2, 'commands'), picks(2)]).toEqual(['abca', 'ab', 'bc']);
  });

  it('passes over those that are not ready, or owe an answer while another one does not', () => {
    const { a, b, c, pool, picks } = setUp();
    b.isReady = false;
    expect(picks(4)).toBe('acac');
    a.isOverdue = true;
    expect(picks(2)).toBe('cc');
    c.isOverdue = true;
    expect(picks(2)).toBe('ac');
    a.isReady = c.isReady = false;
    expect(pool.pick('reads')).toBeUndefined();
  });

  it('takes a good one, as long as it owes nothing', () => {
    const { a, b, picks } = setUp();
    b.suits = 'good';
    expect(picks(3)).toBe('bbb');
    b.isOverdue = true;
    expect(picks(2)).toBe('ca');
    a.isReady = false;
    expect(picks(2)).toBe('cc');
  });

  it('takes a poor one only if there is no other, even if all others owe an answer', () => {
    const { a, b, c, picks } = setUp();
    a.suits = 'poor';
    b.isOverdue = c.isOverdue = true;
    expect(picks(4)).toBe('bcbc');
    b.isReady = c.isReady = false;
    expect(picks(2)).toBe('aa');
    a.isOverdue = true;
    expect(picks(1)).toBe('a');
  });
});
