/** A value that a cache must bring back as what it was, and what it is called in a test's name. */
export interface ValueOfAKind {
  readonly kind: string;
  readonly value: unknown;
}

/** One value of every kind that the built-in codecs keep, alone and nested; made anew with each call. */
export function valuesOfAllKinds(): ValueOfAKind[] {
  return [
    { kind: 'undefined', value: undefined },
    { kind: 'null', value: null },
    { kind: 'booleans', value: [true, false] },
    { kind: 'the empty string', value: '' },
    { kind: 'text of every plane', value: 'Größe 大小 😀 \0 \n " \\ \u2028' },
    { kind: 'a long text', value: 'strata '.repeat(20_000) },
    { kind: 'numbers', value: [0, 1, -1, 0.1, 1e300, 5e-324, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER] },
    { kind: 'NaN', value: NaN },
    { kind: 'both infinities', value: [Infinity, -Infinity] },
    { kind: 'a BigInt', value: [0n, -1n, 2n ** 200n] },
    { kind: 'a Date', value: new Date(1_234_567_890_123) },
    {
      kind: 'a Map',
      value: new Map<unknown, unknown>([
        ['a', 1],
        [{ key: true }, new Map()],
        [NaN, undefined],
      ]),
    },
    { kind: 'a Set', value: new Set<unknown>(['a', 1, null, undefined, NaN, 10n]) },
    { kind: 'a Buffer', value: Buffer.from([0, 1, 127, 128, 255]) },
    { kind: 'a Uint8Array', value: new Uint8Array([0, 1, 127, 128, 255]) },
    { kind: 'a RegExp', value: /^[a-z]+\/"$/giu },
    { kind: 'a URL', value: new URL('https://user@example.com:8080/a%20path?q=1#part') },
    { kind: 'an Error', value: new TypeError('no such story') },
    { kind: 'an empty object', value: {} },
    { kind: 'an empty list', value: [] },
    { kind: 'undefined within a list and an object', value: { list: [undefined, null, 1], missing: undefined } },
    {
      kind: 'objects that look like an encoding',
      value: [{ $date: 1 }, { $type: 'Map', value: [] }, { __type: 'Date' }, '$date:1'],
    },
    {
      kind: 'a nest of everything',
      value: {
        hero: { name: 'Ada', bornOn: new Date(0), tags: new Set(['brave']), strength: 10n },
        stories: new Map([['one', [{ length: NaN, cover: Buffer.from('png'), at: [new Date(1)] }]]]),
        deep: [[[[[[{ end: undefined }]]]]]],
      },
    },
  ];
}
