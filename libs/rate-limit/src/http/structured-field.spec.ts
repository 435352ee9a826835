import { describe, expect, it } from '@jest/globals';
import { serializeList } from './structured-field.js';

const list = (value: string, parameters: Parameters<typeof serializeList>[0][number]['parameters'] = {}): string =>
  serializeList([{ value, parameters }]);

describe('serializeList', () => {
  it('writes strings with their parameters in order, separated by a comma and a blank', () => {
    expect(
      serializeList([
        { value: 'burst', parameters: { q: 100, w: 60 } },
        { value: 'daily', parameters: { q: 1000, qu: 'content-bytes' } },
      ]),
    ).toBe('"burst";q=100;w=60, "daily";q=1000;qu="content-bytes"');
  });

  it('writes nothing for an empty list', () => {
    expect(serializeList([])).toBe('');
  });

  it('escapes quotes and backslashes and nothing else', () => {
    expect(list(`a"b\\c;d,e`)).toBe(String.raw`"a\"b\\c;d,e"`);
  });

  it('writes bytes in base64 between colons', () => {
    expect(list('a', { pk: Buffer.from('user') })).toBe('"a";pk=:dXNlcg==:');
    expect(list('a', { pk: new Uint8Array() })).toBe('"a";pk=::');
  });

  it('leaves out what is not given', () => {
    expect(list('a', { q: 1, w: undefined })).toBe('"a";q=1');
  });

  it.each([
    [0, '0'],
    [-0, '0'],
    [1.9, '1'],
    [1e15, '999999999999999'],
    [Infinity, '999999999999999'],
    [-Infinity, '-999999999999999'],
  ])('writes the number %p as %s', (value, text) => {
    expect(list('a', { q: value })).toBe(`"a";q=${text}`);
  });

  it.each(['é', 'a\nb', '\u007f', '💥'])('refuses %j, which no header can carry', (text) => {
    expect(() => list(text)).toThrow(RangeError);
  });

  it('refuses NaN', () => {
    expect(() => list('a', { q: NaN })).toThrow(RangeError);
  });
});
