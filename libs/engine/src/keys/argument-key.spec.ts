import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { keyOfArguments } from './argument-key.js';
import { UnsupportedKeyArgumentError } from './unsupported-key-argument.error.js';

class Hero {
  constructor(
    readonly id: number,
    readonly name?: string,
  ) {}
}
class Child {
  constructor(readonly id: number) {}
}
class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toJSON(): number {
    return this.#cents;
  }
}
class Secret {
  readonly #value = 1;
  reveal(): number {
    return this.#value;
  }
}

describe('keyOfArguments', () => {
  it.each([
    [[], '()'],
    [[1, 'en'], '1,"en"'],
    [[undefined], 'undefined'],
    [[null, true], 'null,true'],
    [[NaN, -0, 0, Infinity], 'NaN,-0,0,Infinity'],
    [[5n], '5n'],
    [[['a,b'], ['a', 'b']], '["a,b"],["a","b"]'],
    [[{ b: 1, a: { 'd-e': undefined } }], '{a:{"d-e":undefined},b:1}'],
    [[new Date(0), new Date(NaN)], 'Date(1970-01-01T00:00:00.000Z),Date(NaN)'],
    [
      [
        new Map<unknown, unknown>([
          ['b', 1],
          ['a', [2]],
        ]),
      ],
      'Map("a"=>[2],"b"=>1)',
    ],
    [[new Set(['b', 1])], 'Set("b",1)'],
    [
      [Buffer.from('hi'), new Uint8Array([1, 255]), new Uint16Array([1])],
      'Buffer(6869),Uint8Array(01ff),Uint16Array(0100)',
    ],
    [[new Uint8Array([7]).buffer], 'ArrayBuffer(07)'],
    [[/a"\/b/gi], 'RegExp("a\\"\\\\/b",gi)'],
    [[new URL('https://a.example/b')], 'URL("https://a.example/b")'],
    [[new Hero(1, 'Mia'), new Child(1)], 'Hero{id:1,name:"Mia"},Child{id:1}'],
    [[new Money(250)], 'Money.toJSON(250)'],
  ] as [unknown[], string][])('writes %p as %s', (args, key) => {
    expect(keyOfArguments(args)).toBe(key);
  });

  it('writes an object without a prototype as one with', () => {
    expect(keyOfArguments([Object.assign(Object.create(null) as object, { a: 1 })])).toBe('{a:1}');
  });

  it('does not depend on the order of properties, of entries or of items', () => {
    expect(keyOfArguments([{ a: 1, b: { c: 2, d: 3 } }])).toBe(keyOfArguments([{ b: { d: 3, c: 2 }, a: 1 }]));
    expect(keyOfArguments([new Set([1, 2])])).toBe(keyOfArguments([new Set([2, 1])]));
    expect(
      keyOfArguments([
        new Map([
          [1, 2],
          [3, 4],
        ]),
      ]),
    ).toBe(
      keyOfArguments([
        new Map([
          [3, 4],
          [1, 2],
        ]),
      ]),
    );
  });

  it('depends on the order of arguments and of the items of an array', () => {
    expect(keyOfArguments([1, 2])).not.toBe(keyOfArguments([2, 1]));
    expect(keyOfArguments([[1, 2]])).not.toBe(keyOfArguments([[2, 1]]));
  });

  it('accepts the same object twice in one argument', () => {
    const shared = { a: 1 };
    expect(keyOfArguments([[shared, shared]])).toBe('[{a:1},{a:1}]');
  });

  it('writes long arguments as a digest that tells them apart', () => {
    const key = keyOfArguments(['x'.repeat(300)]);
    expect(key).toMatch(/^#[0-9a-f]{64}$/);
    expect(keyOfArguments([`${'x'.repeat(299)}y`])).not.toBe(key);
    expect(keyOfArguments([key])).not.toBe(key);
  });

  it('gives different arguments different keys', () => {
    const classInstance = fc.oneof(
      fc.integer({ min: 0, max: 3 }).map((id) => new Hero(id)),
      fc.integer({ min: 0, max: 3 }).map((id) => new Child(id)),
    );
    // Small alphabets make near misses likely.
    const text = fc.string({
      unit: fc.constantFrom('a', ',', '"', '[', ']', '{', '}', ':', '\\', '1', 'n', '\ud800'),
      maxLength: 4,
    });
    const leaf = fc.oneof(
      text,
      fc.constantFrom<unknown>(
        null,
        undefined,
        true,
        false,
        'null',
        'undefined',
        'true',
        NaN,
        'NaN',
        0,
        -0,
        '0',
        1,
        '1',
        1n,
        '1n',
      ),
      fc.constantFrom(0, 1).map((ms) => new Date(ms)),
      fc.uint8Array({ maxLength: 2 }),
      classInstance,
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value'), { maxKeys: 3 }),
        fc.array(leaf, { maxLength: 2 }).map((items) => new Set(items)),
        fc.array(fc.tuple(text, tie('value')), { maxLength: 2 }).map((entries) => new Map(entries)),
      ),
    }));
    const args = fc.array(value, { maxLength: 3 });
    const argsOfKey = new Map<string, unknown[]>();
    fc.assert(
      fc.property(args, (list) => {
        const key = keyOfArguments(list);
        const other = argsOfKey.get(key);
        argsOfKey.set(key, list);
        return other === undefined || isDeepStrictEqual(withoutPrototypes(other), withoutPrototypes(list));
      }),
      { numRuns: 100_000, interruptAfterTimeLimit: 10_000 },
    );
    expect(argsOfKey.size).toBeGreaterThan(1_000);
  }, 30_000);

  describe('refuses what it cannot tell from others', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = { cyclic };
    const deep = Array.from({ length: 200 }).reduce<unknown>((inner) => [inner], 1);
    const holes = [1, 2, 3];
    Reflect.deleteProperty(holes, 1);
    const named = Object.assign([1], { name: 'x' });
    const holeAndName = Object.assign(new Array<number>(1), { name: 'x' });
    it.each([
      ['a function', [1, () => 1], 1, 'arguments[1]', 'a function'],
      ['a symbol', [Symbol('x')], 0, 'arguments[0]', 'a symbol'],
      ['a nested function', [{ a: [1, { call: () => 1 }] }], 0, 'arguments[0].a[1].call', 'a function'],
      ['a function in a Map', [new Map([['on', () => 1]])], 0, 'arguments[0].get("on")', 'a function'],
      ['a function as key of a Map', [new Map([[() => 1, 1]])], 0, 'arguments[0].(key 0)', 'a function'],
      ['a function in a Set', [new Set([() => 1])], 0, 'arguments[0].(item 0)', 'a function'],
      ['a promise', [Promise.resolve(1)], 0, 'arguments[0]', 'a promise, which must be awaited first'],
      ['a stream', [Readable.from([])], 0, 'arguments[0]', 'a stream'],
      ['a web stream', [new ReadableStream()], 0, 'arguments[0]', 'a stream'],
      ['an error', [new Error('x')], 0, 'arguments[0]', 'an error'],
      ['a cycle', [cyclic], 0, 'arguments[0].self.cyclic', 'a reference back to what contains it'],
      ['a deep value', [deep], 0, `arguments[0]${'[0]'.repeat(100)}`, 'nested more than 100 levels deep'],
      ['holes', [holes], 0, 'arguments[0]', 'an array with holes or named properties'],
      ['an array with names', [named], 0, 'arguments[0]', 'an array with holes or named properties'],
      ['an array with a hole and a name', [holeAndName], 0, 'arguments[0]', 'an array with holes or named properties'],
      ['symbols as names', [{ [Symbol('x')]: 1 }], 0, 'arguments[0]', 'an object with symbols for names'],
      ['an anonymous class', [new (class {})()], 0, 'arguments[0]', 'an instance of a class without a name'],
      [
        'a class without fields',
        [new Secret()],
        0,
        'arguments[0]',
        'an instance of Secret without any fields to know it by',
      ],
      [
        'URLSearchParams',
        [new URLSearchParams('a=1')],
        0,
        'arguments[0]',
        'an instance of URLSearchParams without any fields to know it by',
      ],
      ['a WeakMap', [new WeakMap()], 0, 'arguments[0]', 'an instance of WeakMap without any fields to know it by'],
      [
        'a subclass of Map',
        [new (class Registry extends Map {})()],
        0,
        'arguments[0]',
        'an instance of Registry, whose contents are no fields',
      ],
    ] as [string, unknown[], number, string, string][])('%s', (_, args, argumentIndex, path, found) => {
      const act = (): string => keyOfArguments(args);
      expect(act).toThrow(new UnsupportedKeyArgumentError(argumentIndex, path, found));
      expect(act).toThrow(`No key can be made of ${path}: it is ${found}. Give a \`key\` function`);
    });
  });
});

/** Dictionaries come with and without a prototype; the key does not tell them apart, nor should the comparison. */
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [key, withoutPrototypes(item)] as const));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutPrototypes(item)]));
}
