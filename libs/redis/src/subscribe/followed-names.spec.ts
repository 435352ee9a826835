import { describe, expect, it } from '@jest/globals';
import { FollowedNames } from './followed-names.js';

describe('FollowedNames', () => {
  it('has Redis told of a name once, however many follow it, and until nobody does', () => {
    const names = new FollowedNames<string>();
    names.add('news', 'Ada');
    names.add('news', 'Bob');
    expect([...names.takeMissing().keys()]).toEqual(['news']);
    expect([...names.takeMissing().keys()]).toEqual([]);
    names.remove('news', 'Ada');
    names.remove('news', 'Ada');
    names.remove('other', 'Ada');
    expect(names.takeSuperfluous()).toEqual([]);
    expect(names.followersOf('news')).toEqual(['Bob']);
    names.remove('news', 'Bob');
    expect(names.takeSuperfluous()).toEqual(['news']);
    expect(names.takeSuperfluous()).toEqual([]);
    expect(names.followersOf('news')).toEqual([]);
  });

  it('does not take the answer to an earlier command for the answer to a later one', () => {
    const names = new FollowedNames<string>();
    names.add('news', 'Ada');
    const first = names.takeMissing().get('news');
    names.remove('news', 'Ada');
    names.takeSuperfluous();
    names.add('news', 'Ada');
    const second = names.takeMissing().get('news');
    if (first === undefined || second === undefined) throw new Error('it was not missing');
    first.isHeard = true;
    expect(names.isHeard('news')).toBe(false);
    names.giveBack('news', first);
    expect(names.takeMissing().size).toBe(0);
    second.isHeard = true;
    expect(names.isHeard('news')).toBe(true);
  });

  it('has Redis told again of what it refused, and of all over a new connection', () => {
    const names = new FollowedNames<string>();
    names.add('a', 'Ada');
    names.add('b', 'Ada');
    const missing = names.takeMissing();
    for (const sent of missing.values()) sent.isHeard = true;
    const sent = missing.get('a');
    if (sent !== undefined) names.giveBack('a', sent);
    expect(names.isHeard('a')).toBe(false);
    expect([...names.takeMissing().keys()]).toEqual(['a']);
    names.forgetSent();
    expect(names.isHeard('b')).toBe(false);
    expect([...names.takeMissing().keys()]).toEqual(['a', 'b']);
  });
});
