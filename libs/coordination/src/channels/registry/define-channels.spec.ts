import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineChannels, type ChannelDeclarations } from './define-channels.js';

class Note {
  @IsString() text!: string;
}
class Unruly {
  text = '';
}
const schema = { parse: (data: unknown) => String(data) };

describe('defineChannels', () => {
  it('fills in the defaults', () => {
    const channels = defineChannels({ 'a:{id}': Note, b: schema, c: { payload: Note, durable: true, maxBytes: 1000 } });
    expect(channels.names).toEqual(['a:{id}', 'b', 'c']);
    expect(channels.get('a:{id}')).toMatchObject({ isDurable: false, maxBytes: 65_536, payload: Note });
    expect(channels.get('c')).toMatchObject({ isDurable: true, maxBytes: 1000, keepMessages: 100_000 });
  });

  it('selects one by its name, or several by their beginning', () => {
    const channels = defineChannels({ 'a:b': Note, 'a:c:{id}': Note, d: Note });
    const select = (selector: string) => channels.select(selector).map(({ template }) => template.name);
    expect(select('a:b')).toEqual(['a:b']);
    expect(select('a:*')).toEqual(['a:b', 'a:c:{id}']);
    expect(select('a:c:*')).toEqual(['a:c:{id}']);
    expect(select('*')).toHaveLength(3);
    expect(() => select('x*')).toThrow(expect.objectContaining({ code: 'UNKNOWN_CHANNEL' }));
    expect(() => select('a:*:b')).toThrow(/no channel 'a:\*:b'.+one of a:b, a:c:\{id\}, d/);
  });

  it('tells all that is wrong at once', () => {
    const wrong = {
      'a b': Note,
      'user:{id}': Note,
      'user:admin': Note,
      unruly: Unruly,
      nothing: 1,
      empty: { payload: undefined },
      big: { payload: Note, maxBytes: 1 },
      kept: { payload: Note, keepMessages: 5 },
      maybe: { payload: Note, durable: 'yes' },
    } as unknown as ChannelDeclarations;
    const message = (() => {
      try {
        defineChannels(wrong);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    expect(message.split('\n')).toEqual([
      'Channels are declared wrongly:',
      expect.stringContaining(`'a b' has the segment 'a b'`),
      expect.stringContaining(`'user:admin' cannot be told from 'user:{id}'`),
      expect.stringContaining(`'unruly' carries Unruly, which has no rules`),
      expect.stringContaining(`'nothing' does not say what it carries`),
      expect.stringContaining(`'empty' does not say what it carries`),
      expect.stringContaining(`'big' has the maxBytes 1. Give a whole number from 256`),
      expect.stringContaining(`'kept' has keepMessages, but is not durable`),
      expect.stringContaining(`'maybe' has a durable that is neither`),
    ]);
  });
});
