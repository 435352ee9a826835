import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidKeyError } from './invalid-key.error.js';
import { KeySpace, namespaceOf } from './key-space.js';

/** Any string, also one that no UTF-8 can carry. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  minLength: 1,
});
/** Strings made of what could be mistaken for a separator or an escape sequence. */
const trickyText = fc.string({
  unit: fc.constantFrom('%', ':', '.', '{', '}', '~', 'u', 'D', '8', '0', '2', '5', 'E', 'a'),
  minLength: 1,
});
const keyText = fc.oneof(anyText, trickyText);

describe('KeySpace', () => {
  const heroes = new KeySpace('storytime');

  it('names the keys of a namespace', () => {
    expect(heroes.valueKey('hero:1')).toBe('strata:storytime:v:hero:1');
    expect(heroes.tagKey('heroes')).toBe('strata:storytime:t:heroes');
    expect(heroes.clearKey).toBe('strata:storytime:c');
    expect(heroes.counterKey('visits')).toBe('strata:storytime:n:{strata:storytime:v:visits}');
  });

  it('keeps colons and letters of any script readable', () => {
    expect(heroes.valueKey('héros:größe:名前:😀')).toBe('strata:storytime:v:héros:größe:名前:😀');
  });

  it('escapes what would break the hash tag, the escape sequences or the encoding', () => {
    expect(heroes.valueKey('a%b{c}\n\u0080\ud800')).toBe('strata:storytime:v:a%25b%7Bc%7D%0A%80%uD800');
  });

  it('leaves no brace in a value key, so that its counter is in the same cluster slot', () => {
    fc.assert(fc.property(keyText, (key) => !/[{}]/.test(heroes.valueKey(key))));
  });

  it('gives the user key back', () => {
    fc.assert(
      fc.property(keyText, (key) => heroes.userKey(heroes.valueKey(key)) === key),
      { numRuns: 2_000 },
    );
  });

  it('gives different keys different value keys, as UTF-8 too', () => {
    fc.assert(
      fc.property(keyText, keyText, (a, b) => {
        fc.pre(a !== b);
        expect(Buffer.from(heroes.valueKey(a)).equals(Buffer.from(heroes.valueKey(b)))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('knows only its own value keys', () => {
    expect(heroes.userKey('strata:storytime:t:heroes')).toBeUndefined();
    expect(heroes.userKey('strata:storytime2:v:hero:1')).toBeUndefined();
    expect(heroes.userKey('hero:1')).toBeUndefined();
  });

  describe('with nested namespaces', () => {
    it('joins the path with dots', () => {
      expect(heroes.child('tenant-7').child('eu').valueKey('a')).toBe('strata:storytime.tenant-7.eu:v:a');
    });

    it('tells a nested namespace from one whose name has a dot or a colon', () => {
      expect(new KeySpace('a.b').namespace).toBe('a%2Eb');
      expect(new KeySpace('a:v').valueKey('x')).toBe('strata:a%3Av:v:x');
    });

    it('gives different paths different keys, whatever the user keys', () => {
      const path = fc.array(trickyText, { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(path, trickyText, path, trickyText, (pathA, keyA, pathB, keyB) => {
          fc.pre(JSON.stringify([pathA, keyA]) !== JSON.stringify([pathB, keyB]));
          const a = new KeySpace(pathA);
          const b = new KeySpace(pathB);
          expect(a.valueKey(keyA)).not.toBe(b.valueKey(keyB));
          expect(a.tagKey(keyA)).not.toBe(b.valueKey(keyB));
          expect(a.counterKey(keyA)).not.toBe(b.counterKey(keyB));
        }),
        { numRuns: 2_000 },
      );
    });
  });

  describe('with long keys', () => {
    const long = `report:${'x'.repeat(2_000)}`;

    it('keeps the beginning readable and adds a digest', () => {
      expect(heroes.valueKey(long)).toMatch(/^strata:storytime:v:report:x{57}%~[0-9a-f]{32}$/);
      expect(heroes.tagKey(long)).toMatch(/^strata:storytime:t:report:x{57}%~[0-9a-f]{32}$/);
    });

    it('counts bytes, not characters', () => {
      const keys = new KeySpace('n', 90);
      expect(keys.userKey(keys.valueKey('é'.repeat(45)))).toBe('é'.repeat(45));
      expect(keys.userKey(keys.valueKey('é'.repeat(46)))).toContain('%~');
    });

    it('tells long keys apart that differ only at the end', () => {
      expect(heroes.valueKey(`${long}a`)).not.toBe(heroes.valueKey(`${long}b`));
      expect(heroes.valueKey(`${long}\ud800`)).not.toBe(heroes.valueKey(`${long}\ud801`));
    });

    it('lists them in their shortened form, which is the key of no other entry', () => {
      const listed = heroes.userKey(heroes.valueKey(long));
      expect(listed).toBe(heroes.listedKey(long));
      expect(heroes.valueKey(listed as string)).not.toBe(heroes.valueKey(long));
    });
  });

  describe('with keys that are none', () => {
    it.each([
      ['', 'A key must not be empty. Check that the text it is built from was not empty too.'],
      [undefined, 'A key must be a string, but undefined was given. Check where the key comes from: it was not set.'],
      [null, 'A key must be a string, but null was given. Check where the key comes from: it was not set.'],
      [42, 'A key must be a string, but a number was given. Write `${id}` or String(id).'],
      [
        { id: 1 },
        'A key must be a string, but an object (Object) was given. Build a text from it, such as `hero:${hero.id}`.',
      ],
      [
        ['a'],
        'A key must be a string, but an object (Array) was given. Build a text from it, such as `hero:${hero.id}`.',
      ],
    ])('refuses %p', (key, message) => {
      const act = (): string => heroes.valueKey(key as string);
      expect(act).toThrow(InvalidKeyError);
      expect(act).toThrow(message);
    });

    it('names tags and namespaces as what they are', () => {
      expect(() => heroes.tagKey('')).toThrow('A tag must not be empty.');
      expect(() => new KeySpace('')).toThrow('A namespace must not be empty.');
      expect(() => new KeySpace([])).toThrow('A namespace must not be empty.');
      expect(() => heroes.child(7 as unknown as string)).toThrow(
        'A namespace must be a string, but a number was given.',
      );
    });
  });
});

describe('what a Redis key stands for', () => {
  const outer = new KeySpace('storytime', 200);
  const inner = outer.child('heroes');

  it('is told for values, leases, tags and the cache, of any text', () => {
    fc.assert(
      fc.property(
        keyText.filter((text) => outer.isToldInFull(text)),
        (text) => {
          const valueKey = inner.valueKey(text);
          expect(inner.meaningOf(valueKey)).toEqual({ kind: 'value', key: text, valueKey });
          expect(inner.meaningOf(inner.leaseKey(text))).toEqual({ kind: 'lease', key: text, valueKey });
          expect(inner.meaningOf(inner.tagKey(text))).toEqual({ kind: 'tag', tag: text });
          for (const redisKey of [valueKey, inner.leaseKey(text), inner.tagKey(text)]) {
            expect(namespaceOf(redisKey)).toBe(inner.namespace);
            expect(outer.meaningOf(redisKey)).toBeUndefined();
          }
        },
      ),
    );
    expect(inner.meaningOf(inner.clearKey)).toEqual({ kind: 'clear' });
  });

  it('is nothing for counters, heartbeats, the bus and keys of others', () => {
    const others = [outer.counterKey('a'), outer.heartbeatKey('id'), outer.busChannel, 'a', 'strata:', ''];
    expect(others.map((redisKey) => outer.meaningOf(redisKey))).toEqual(others.map(() => undefined));
    expect(['a', 'strata', 'strata:x', 'other:x:v:a', ''].map(namespaceOf)).toEqual(Array(5).fill(undefined));
    expect(namespaceOf('strata:x:')).toBe('x');
  });

  it('is the shortened name of what is too long, by which a waiter finds it', () => {
    const key = 'k'.repeat(300);
    expect(outer.isToldInFull(key)).toBe(false);
    expect(outer.meaningOf(outer.leaseKey(key))).toMatchObject({ kind: 'lease', key: outer.listedKey(key) });
    expect(outer.meaningOf(outer.tagKey(key))).toEqual({ kind: 'tag', tag: expect.stringMatching(/^k+/) });
    expect([outer.isToldInFull('ü'.repeat(90)), outer.isToldInFull('ü'.repeat(101))]).toEqual([true, false]);
  });

  it('is watched by prefixes that no other namespace shares', () => {
    const watched = (keys: KeySpace, hasMemory: boolean, redisKey: string) =>
      keys.prefixes(hasMemory).some((prefix) => redisKey.startsWith(prefix));
    for (const redisKey of [outer.tagKey('a'), outer.leaseKey('a'), outer.clearKey]) {
      expect([watched(outer, true, redisKey), watched(outer, false, redisKey)]).toEqual([true, true]);
      expect(watched(inner, true, redisKey)).toBe(false);
    }
    expect([watched(outer, true, outer.valueKey('a')), watched(outer, false, outer.valueKey('a'))]).toEqual([
      true,
      false,
    ]);
    expect(watched(outer, true, outer.counterKey('a'))).toBe(false);
  });

  it('keeps a lease in the slot of its value', () => {
    expect(outer.leaseKey('a{b}')).toBe(`strata:storytime:l:{${outer.valueKey('a{b}')}}`);
    expect(outer.leaseOf(outer.valueKey('a'))).toBe(outer.leaseKey('a'));
  });
});
