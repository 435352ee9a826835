import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import vm from 'node:vm';
import { JsonCodec } from '../codec/json.codec.js';
import { MsgpackCodec } from '../codec/msgpack.codec.js';
import { copyValue } from './copy-value.js';
import { TypeRegistry } from './type-registry.js';
import { UnsupportedValueError } from './unsupported-value.error.js';

class Hero {
  constructor(
    public name: string,
    public bornAt: Date,
    public friends: Hero[] = [],
  ) {
    Hero.constructed++;
  }
  static constructed = 0;
  greet(): string {
    return `I am ${this.name}`;
  }
}

class Money {
  readonly #cents: bigint;
  constructor(cents: bigint) {
    this.#cents = cents;
  }
  get cents(): bigint {
    return this.#cents;
  }
}

/** Its own field `size` is hidden behind an accessor of the class that must not be called. */
class Guarded {
  set size(_: unknown) {
    throw new Error('the setter was called');
  }
}

class Unregistered {
  a = 1;
}
class Pirate extends Hero {}

const types = new TypeRegistry()
  .register(Hero)
  .register(Guarded)
  .register(Money, { serialize: ({ cents }) => ({ cents }), deserialize: ({ cents }) => new Money(cents) });

/** What becomes of a value in a cache: a copy in memory, or bytes and back. */
type Carrier = (value: unknown) => unknown;

const json = new JsonCodec(types);
const msgpack = await MsgpackCodec.load(types);
const CARRIERS: [string, Carrier][] = [
  ['copyValue', (value) => copyValue(value, types)],
  ['JsonCodec', (value) => json.decode(json.encode(value))],
  ['MsgpackCodec', (value) => msgpack.decode(msgpack.encode(value))],
];

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  maxLength: 6,
});
const nameText = fc.oneof(
  anyText,
  fc.constantFrom('__proto__', 'constructor', 'toString', '$Date', '$object', '$', '$$', '1', ''),
);

const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    anyText,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.bigInt(),
    fc.constantFrom(null, undefined, -0, NaN, Infinity, -Infinity, { $Date: '2030-01-01' }, { $object: [] }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.float32Array({ noNaN: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(nameText, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc
      .array(fc.tuple(nameText, tie('value')), { maxLength: 2 })
      .map((entries) => ({ __proto__: null, ...Object.fromEntries(entries) })),
    fc.array(fc.tuple(anyText, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    fc
      .tuple(fc.constantFrom('g', 'im', 'u'), fc.constantFrom('a', '[^b]/', '\\n'))
      .map(([flags, source]) => new RegExp(source, flags)),
    fc.tuple(anyText, tie('value')).map(([message, cause]) => new RangeError(message, { cause })),
    fc.date({ noInvalidDate: true }).map((bornAt) => new Hero('Mia', bornAt)),
  ),
}));

describe.each(CARRIERS)('%s', (_, carry) => {
  it.each([
    ['plain JSON', { a: [1, 'x', true, null, { b: {} }, []], c: 'größe 😀' }],
    ['undefined', undefined],
    ['undefined in an object and an array', { a: undefined, b: [undefined, 1] }],
    ['null', null],
    ['numbers that JSON does not have', [NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_SAFE_INTEGER]],
    ['a bigint', [0n, -12345678901234567890n, 2n ** 200n]],
    ['a date', new Date('2030-05-01T12:00:00.123Z')],
    ['dates far off', [new Date(8.64e15), new Date(-8.64e15)]],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ id: 1 }, new Map([[1, undefined]])],
      ]),
    ],
    ['a Set', new Set<unknown>(['a', new Set([NaN]), undefined])],
    ['a Buffer', Buffer.from([0, 1, 254, 255])],
    ['an empty Buffer', Buffer.alloc(0)],
    [
      'typed arrays',
      [new Uint8Array([1, 255]), new Int16Array([-2]), new Float32Array([0.5, NaN]), new BigInt64Array([-1n])],
    ],
    ['a view of a part of a buffer', new Uint16Array(new Uint16Array([1, 2, 3]).buffer, 2, 1)],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
    ['a RegExp', /a"[\]/]b/giu],
    ['a URL', new URL('https://user@example.org:8080/a?b=c#d')],
    ['strings that UTF-8 cannot carry', { '\ud800': '\udfff', pair: '😀\ud800' }],
    ['strings of digits, dates and tags', ['1', '2030-05-01T12:00:00.123Z', '$Date', ' {}']],
    ['an object that looks like a tag', { $Date: '2030-01-01' }],
    [
      'objects that look like tags beside a date',
      [new Date(0), { $Date: 0 }, { $object: [['a', 1]] }, { $: { $Map: 1 } }, { $a: 1, b: 2 }],
    ],
    ['a name that is a setter', JSON.parse('{"__proto__":{"isAdmin":true},"a":{"__proto__":1}}')],
    [
      'a name that is a setter, beside a date',
      Object.assign(JSON.parse('{"__proto__":{"isAdmin":true}}') as object, { at: new Date(0) }),
    ],
    ['an object without a prototype', { __proto__: null, a: { __proto__: null, $Date: 1 }, constructor: 1 }],
    ['names of every kind', { '': 1, 'a b': 2, constructor: 3, toString: 4, length: 5, 1: 6, toJSON: 7 }],
    ['an instance of a registered class', new Hero('Mia', new Date(0), [new Hero('Ben', new Date(1))])],
    [
      'an instance with a field that its class guards',
      Object.defineProperty(new Guarded(), 'size', { value: 1, enumerable: true, writable: true, configurable: true }),
    ],
  ])('brings back %s', (_name, value) => {
    expect(carry(value)).toStrictEqual(value);
  });

  it('brings back any value, whatever is nested in what', () => {
    fc.assert(
      fc.property(anyValue, (value) => isDeepStrictEqual(carry(value), value)),
      { numRuns: 3_000, interruptAfterTimeLimit: 5_000 },
    );
  });

  it('brings back an invalid date as one', () => {
    const back = carry([new Date(NaN)]) as [Date];
    expect(back[0]).toBeInstanceOf(Date);
    expect(back[0].getTime()).toBeNaN();
  });

  it('brings back an instance with its methods, without calling the constructor', () => {
    const hero = new Hero('Mia', new Date(0));
    const constructed = Hero.constructed;
    const back = carry(hero) as Hero;
    expect(back).toBeInstanceOf(Hero);
    expect(back.greet()).toBe('I am Mia');
    expect(Hero.constructed).toBe(constructed);
  });

  it('brings back an instance by the functions that its class was registered with', () => {
    const back = carry([new Money(2n ** 70n)]) as [Money];
    expect(back[0]).toBeInstanceOf(Money);
    expect(back[0].cents).toBe(2n ** 70n);
  });

  it.each([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
    'brings back a %p',
    (type) => {
      const error = Object.assign(new type('no luck', { cause: new Map([['at', new Date(0)]]) }), {
        code: 'E_LUCK',
        $: 1,
      });
      const back = carry({ error }) as { error: typeof error };
      expect(back.error).toStrictEqual(error);
      expect(back.error.constructor).toBe(type);
      expect(back.error.stack).toBe(error.stack);
      expect(back.error.cause).toStrictEqual(new Map([['at', new Date(0)]]));
      expect(Object.keys(back.error)).toEqual(['code', '$']);
    },
  );

  it('brings back an error without a message, a stack or a cause as one', () => {
    const error = new Error();
    Reflect.deleteProperty(error, 'stack');
    const back = carry(error) as Error;
    expect(Object.getOwnPropertyNames(back)).toEqual([]);
    expect(back.message).toBe('');
  });

  it('brings back an AggregateError with its errors', () => {
    const back = carry(new AggregateError([new TypeError('a'), 2], 'both')) as AggregateError;
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors).toStrictEqual([new TypeError('a'), 2]);
    expect(back.message).toBe('both');
  });

  it('brings back the built-ins of another realm as those of this one', () => {
    const foreign: unknown = vm.runInNewContext(
      `({ at: new Date(0), map: new Map([[1, [2]]]), set: new Set([/x/g]), error: new TypeError('x'), list: [1, , 3].filter(Boolean) })`,
    );
    const back = carry(foreign) as { error: Error };
    expect(Object.keys(back)).toEqual(['at', 'map', 'set', 'error', 'list']);
    expect(back.error).toBeInstanceOf(TypeError);
    expect({ ...back, error: null }).toEqual({
      at: new Date(0),
      map: new Map([[1, [2]]]),
      set: new Set([/x/g]),
      error: null,
      list: [1, 3],
    });
  });

  it('pollutes no prototype', () => {
    carry(
      JSON.parse(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"at":{"__proto__":{"polluted":1}}}',
      ),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('brings a reference that occurs twice back as two copies', () => {
    const shared = { a: [1] };
    const back = carry({ first: shared, second: shared }) as Record<'first' | 'second', object>;
    expect(back).toEqual({ first: { a: [1] }, second: { a: [1] } });
    expect(back.first).not.toBe(back.second);
  });

  it('gives objects of their own, all the way down', () => {
    const parts: unknown[] = [
      { a: 1 },
      [1],
      new Date(0),
      new Map(),
      new Set(),
      Buffer.from('a'),
      new Uint8Array(1),
      new ArrayBuffer(1),
    ];
    parts.push(/a/, new URL('https://a.example'), new Error('x'), new Hero('Mia', new Date(0)), { __proto__: null });
    const back = carry(parts) as unknown[];
    expect(back).toHaveLength(parts.length);
    for (const [at, part] of parts.entries()) expect(back[at]).not.toBe(part);
    const nested = { parts };
    const map = carry(new Map([[nested, nested]])) as Map<typeof nested, typeof nested>;
    for (const copies of [...map].flat())
      for (const [at, part] of parts.entries()) expect(copies.parts[at]).not.toBe(part);
  });

  it('gives bytes memory of their own', () => {
    const bytes = Buffer.from('abc');
    const back = carry({ bytes, view: new Uint8Array(bytes) }) as { bytes: Buffer; view: Uint8Array };
    bytes.fill(0);
    expect(back.bytes.toString()).toBe('abc');
    expect(back.view.buffer.byteLength).toBe(3);
    expect(Buffer.isBuffer(back.view)).toBe(false);
  });

  it('leaves the original as it was', () => {
    const original = { at: new Date(0), list: [1n, { $Date: 1 }], map: new Map([['a', { b: undefined }]]) };
    carry(original);
    expect(original).toStrictEqual({
      at: new Date(0),
      list: [1n, { $Date: 1 }],
      map: new Map([['a', { b: undefined }]]),
    });
  });

  it('carries what is nested 500 deep', () => {
    const deep = nest(500);
    expect(carry(deep)).toEqual(deep);
  });

  it('takes no longer for objects that look like tags inside each other', () => {
    let value: object = { at: new Date(0) };
    for (let level = 0; level < 100; level++) value = level % 2 === 0 ? { $and: value } : { $not: [value], toJSON: 1 };
    expect(carry(value)).toEqual(value);
  });

  describe('refuses', () => {
    const cycle: { user: { friends: unknown[] } } = { user: { friends: [1] } };
    cycle.user.friends.push(cycle.user);
    const heroes = [new Hero('Mia', new Date(0)), new Hero('Ben', new Date(0))];
    heroes[0]?.friends.push(...heroes.slice(1));
    heroes[1]?.friends.push(...heroes.slice(0, 1));
    const mapCycle = new Map<string, unknown>();
    mapCycle.set('me', mapCycle);
    const holes = [1, 2];
    Reflect.deleteProperty(holes, 0);
    const register = (name: string): string =>
      `Call registerType(${name}), so that it comes back as a ${name}, or cache a plain object with its data.`;

    it.each([
      ['a function', { a: [{ run: () => 1 }] }, '$.a[0].run', 'a function (run)', 'Leave it out: cache data only.'],
      [
        'a nameless function',
        (
          () => () =>
            1
        )(),
        '$',
        'a function',
        'Leave it out: cache data only.',
      ],
      ['a symbol', [Symbol('x')], '$[0]', 'a symbol (Symbol(x))', 'Use a string in its place.'],
      [
        'a symbol as a name',
        { a: { [Symbol('x')]: 1 } },
        '$.a',
        'a property named Symbol(x)',
        'Use a string for its name, or leave it out.',
      ],
      [
        'a symbol as a name of an error',
        Object.assign(new Error('x'), { [Symbol('x')]: 1 }),
        '$',
        'a property named Symbol(x)',
        'Use a string for its name, or leave it out.',
      ],
      [
        'a symbol as a name of an instance',
        Object.assign(new Hero('Mia', new Date(0)), { [Symbol('x')]: 1 }),
        '$',
        'a property named Symbol(x)',
        'Use a string for its name, or leave it out.',
      ],
      ['a promise', { 'a b': Promise.resolve(1) }, '$["a b"]', 'a promise', 'Await it, and cache what it gives.'],
      ['a stream', { body: new ReadableStream() }, '$.body', 'a stream', 'Read it to its end, and cache what it gave.'],
      [
        'a WeakMap',
        new Map([['w', new WeakMap()]]),
        '$.get("w")',
        'a WeakMap',
        'Its contents cannot be listed: cache a Map.',
      ],
      ['a WeakSet', new Set([new WeakSet()]), '$.(item 0)', 'a WeakSet', 'Its contents cannot be listed: cache a Set.'],
      [
        'an unregistered class',
        { user: { friends: [1, 2, new Unregistered()] } },
        '$.user.friends[2]',
        'an instance of Unregistered',
        register('Unregistered'),
      ],
      [
        'a subclass of a registered class',
        [new Pirate('Jack', new Date(0))],
        '$[0]',
        'an instance of Pirate',
        register('Pirate'),
      ],
      [
        'a subclass of a built-in class',
        new Map([[new (class Registry extends Map {})(), 1]]),
        '$.(key 0)',
        'an instance of Registry',
        register('Registry'),
      ],
      [
        'an anonymous class',
        [new (class {})()],
        '$[0]',
        'an instance of an anonymous class',
        register('an anonymous class'),
      ],
      [
        'a class with toJSON',
        [
          new (class Decimal {
            toJSON(): string {
              return '1';
            }
          })(),
        ],
        '$[0]',
        'an instance of Decimal',
        'Call registerType(Decimal), so that it comes back as a Decimal, or cache what its toJSON() gives.',
      ],
      ['a boxed primitive', [new String('x')], '$[0]', 'an instance of String', register('String')],
      [
        'something that only has the prototype of a Date',
        Object.create(Date.prototype),
        '$',
        'an instance of Date',
        'Call registerType(Date), so that it comes back as a Date, or cache what its toJSON() gives.',
      ],
      ['a hole in an array', { list: holes }, '$.list[0]', 'a hole in an array', 'Put undefined or null there.'],
      [
        'a cycle',
        cycle,
        '$.user.friends[1]',
        'a reference back to $.user',
        'A cache carries trees only: leave the reference out, or keep an id in its place.',
      ],
      [
        'a cycle of instances',
        { heroes },
        '$.heroes[0].friends[0].friends[0]',
        'a reference back to $.heroes[0]',
        'A cache carries trees only: leave the reference out, or keep an id in its place.',
      ],
      [
        'a cycle through a Map',
        [mapCycle],
        '$[0].get("me")',
        'a reference back to $[0]',
        'A cache carries trees only: leave the reference out, or keep an id in its place.',
      ],
      [
        'what is nested too deep',
        nest(501),
        '$[0][0][0]…',
        'a value that is nested more than 500 levels deep',
        'Cache its parts under keys of their own, or flatten it.',
      ],
      [
        'a function in an error',
        new Error('x', { cause: { f: Math.max } }),
        '$.cause.f',
        'a function (max)',
        'Leave it out: cache data only.',
      ],
    ] as [string, unknown, string, string, string][])('%s', (_name, value, path, found, advice) => {
      const error = errorOf(() => carry(value)) as UnsupportedValueError;
      expect(error).toBeInstanceOf(UnsupportedValueError);
      expect(error).toMatchObject({ code: 'UNSUPPORTED_VALUE', path, found });
      expect(error.message).toBe(`Cannot cache ${found} at ${path}. ${advice}`);
    });
  });
});

/** A value in `depth` arrays inside the outermost one. */
function nest(depth: number): unknown {
  let value: unknown[] = [];
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
