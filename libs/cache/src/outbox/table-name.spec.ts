import { describe, expect, it } from '@jest/globals';
import { isTableName, quoteTableName } from './table-name.js';

describe('the name of a table', () => {
  it.each(['evictions', 'cache.evictions', '_e1', 'Mixed.Case', 'a'.repeat(63)])('can be %s', (name) => {
    expect(isTableName(name)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['no text', 5],
    ['too long for PostgreSQL', 'a'.repeat(64)],
    ['a digit first', '1a'],
    ['a database, a schema and a table', 'a.b.c'],
    ['an empty part', 'a.'],
    ['SQL', 'evictions; DROP TABLE hero'],
    ['a quote', 'a"b'],
    ['two lines', 'evictions\nx'],
    ['a line end', 'evictions\n'],
  ])('cannot be %s', (_, name) => {
    expect(isTableName(name)).toBe(false);
  });

  it('is quoted part by part', () => {
    expect(quoteTableName('Cache.select')).toBe('"Cache"."select"');
  });
});
