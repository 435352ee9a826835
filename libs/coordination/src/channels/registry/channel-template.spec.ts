import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChannelTemplate } from './channel-template.js';

describe('ChannelTemplate', () => {
  it.each(['a', 'a:b', 'notifications:user:{id}', '{kind}:{id}', 'a.b-c_d:1'])('takes the name %p', (name) => {
    expect(ChannelTemplate.problemOf(name)).toBeUndefined();
  });

  it.each([
    '',
    'a:',
    ':a',
    'a b',
    'a*',
    'user-{id}',
    '{}',
    '{a b}',
    'a:{id}:{id}',
    '{__proto__}',
    'x'.repeat(201),
    'é',
  ])('says what is wrong with the name %p', (name) => {
    expect(ChannelTemplate.problemOf(name)).toMatch(/segment|twice|longer|another name/);
  });

  it('gives back any parameters, and different channels for different ones', () => {
    const template = new ChannelTemplate('a:{x}:b:{y}');
    const text = fc
      .string({
        unit: fc.constantFrom('a', ':', '%', '*', '?', '[', '{', '}', '\\', ' ', '\n', 'é', '\ud800', '3', 'A'),
        minLength: 1,
        maxLength: 5,
      })
      .filter((given) => given !== '');
    fc.assert(
      fc.property(text, text, text, text, (x, y, x2, y2) => {
        const channel = template.fill({ x, y });
        expect(template.match(channel)).toEqual({ x, y });
        expect(template.fill({ x: x2, y: y2 }) === channel).toBe(x === x2 && y === y2);
        expect(channel).toMatch(/^a:[^:*?[\]{}\\\s]+:b:[^:*?[\]{}\\\s]+$/);
        expect(Buffer.from(channel).toString()).toBe(channel);
      }),
    );
  });

  it('matches nothing that is of another template', () => {
    const template = new ChannelTemplate('a:{x}');
    expect(template.match('a:1')).toEqual({ x: '1' });
    for (const other of ['a', 'a:', 'b:1', 'a:1:2', '']) expect(template.match(other)).toBeUndefined();
  });

  it('leaves parameters open in a glob', () => {
    const template = new ChannelTemplate('a:{x}:{y}');
    expect(template.toGlob({ y: 'q*' })).toBe('a:*:q%2A');
    expect(template.toGlob({ x: 1, y: 2 })).toBe('a:1:2');
  });

  it('knows with which other templates it could be confused', () => {
    const overlaps = (a: string, b: string) => new ChannelTemplate(a).overlaps(new ChannelTemplate(b));
    expect(overlaps('a:{x}', 'a:b')).toBe(true);
    expect(overlaps('a:{x}', '{y}:b')).toBe(true);
    expect(overlaps('a:{x}', 'b:{x}')).toBe(false);
    expect(overlaps('a:{x}', 'a:b:c')).toBe(false);
  });

  it.each([
    [{}, 'is missing'],
    [{ x: '' }, 'is empty'],
    [{ x: NaN }, 'is NaN'],
    [{ x: null }, 'is of type null'],
    [{ x: {} }, 'is of type object'],
    [{ x: 'y'.repeat(257) }, 'is longer than 256 characters'],
    [{ x: 1, z: 1 }, 'is none of this channel: it has x'],
    [Object.create({ x: 1 }) as object, 'is missing'],
  ])('does not fill itself with %j', (params, problem) => {
    expect(() => new ChannelTemplate('a:{x}').fill(params as Record<string, unknown>)).toThrow(
      expect.objectContaining({ code: 'INVALID_CHANNEL_PARAMS', message: expect.stringContaining(problem) }),
    );
  });
});
