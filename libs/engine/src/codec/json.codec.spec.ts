import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TypeRegistry } from '../values/type-registry.js';
import { JsonCodec } from './json.codec.js';
import { MalformedBodyError } from './malformed-body.error.js';

class Hero {
  name = 'Mia';
}
const codec = new JsonCodec(new TypeRegistry().register(Hero));

describe('JsonCodec', () => {
  it('writes plain JSON as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // Parsed and written once before, as a text may say -0, which JSON.stringify turns into 0.
        const json = JSON.stringify(JSON.parse(text.replaceAll('$', 'S')));
        expect(codec.encode(JSON.parse(json)).toString()).toBe(json);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [{ at: new Date(0) }, ' {"at":{"$Date":"1970-01-01T00:00:00.000Z"}}'],
    [[undefined, NaN, -0, 5n], ' [{"$undefined":true},{"$number":"NaN"},{"$number":"-0"},{"$bigint":"5"}]'],
    [new Map([['a', 1]]), ' {"$Map":[["a",1]]}'],
    [new Set(['a']), ' {"$Set":["a"]}'],
    [Buffer.from('hi'), ' {"$Buffer":"aGk="}'],
    [new Uint8Array([1]), ' {"$Uint8Array":"AQ=="}'],
    [/a/g, ' {"$RegExp":["a","g"]}'],
    [new URL('https://a.example'), ' {"$URL":"https://a.example/"}'],
    [new Hero(), ' {"$type":["Hero",{"name":"Mia"}]}'],
    [{ $gt: 5 }, ' {"$object":[["$gt",5]]}'],
    [{ $gt: 5, $lt: 7 }, '{"$gt":5,"$lt":7}'],
    [{ __proto__: null, a: 1 }, ' {"$bare":[["a",1]]}'],
  ])('writes %p as %s', (value, text) => {
    expect(codec.encode(value).toString()).toBe(text);
  });

  it('writes text that every JSON parser reads', () => {
    expect(JSON.parse(codec.encode([new Date(0)]).toString())).toEqual([{ $Date: '1970-01-01T00:00:00.000Z' }]);
  });

  it('does not look for tags in plain JSON', () => {
    expect(codec.decode(Buffer.from('{"$Date":"1970-01-01T00:00:00.000Z"}'))).toEqual({
      $Date: '1970-01-01T00:00:00.000Z',
    });
  });

  it('instantiates registered classes only', () => {
    expect(() => codec.decode(Buffer.from(' {"$type":["Child",{}]}'))).toThrow(
      new MalformedBodyError('it holds an instance of "Child", which is not registered here'),
    );
    expect(() => codec.decode(Buffer.from(' {"$type":["Object",{}]}'))).toThrow(MalformedBodyError);
    expect(() => codec.decode(Buffer.from(' {"$Error":["Function",[],[]]}'))).toThrow(
      new MalformedBodyError('it holds an error of an unknown class'),
    );
  });

  it.each([
    '',
    '{',
    'undefined',
    '{"a":1}x',
    ' {"$Date":7}',
    ' {"$Nothing":1}',
    ' {"$toString":1}',
    ' {"$Set":{}}',
    ' {"$Map":[1]}',
    ' {"$Map":7}',
    ' {"$Buffer":[]}',
    ' {"$bigint":"x"}',
    ' {"$bigint":5}',
    ' {"$URL":"x"}',
    ' {"$RegExp":["[","g"]}',
    ' {"$RegExp":["a"]}',
    ' {"$type":[]}',
    ' {"$object":{}}',
    ' {"$object":[[1,2]]}',
    ' {"$Error":[]}',
    ' {"$Float64Array":"AQ=="}',
  ])('throws for %p, which it never writes', (text) => {
    expect(() => codec.decode(Buffer.from(text))).toThrow();
  });

  it('throws for bytes that are no UTF-8 text of JSON', () => {
    expect(() => codec.decode(Buffer.from([0xc1, 0, 1]))).toThrow(SyntaxError);
  });
});
