import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBusMessage } from './bus-message.js';

const word = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\n'));

describe('parseBusMessage', () => {
  it('reads who changed which keys', () => {
    fc.assert(
      fc.property(word, fc.array(word, { minLength: 1 }), (source, redisKeys) => {
        expect(parseBusMessage(Buffer.from([source, ...redisKeys].join('\n')))).toEqual({ source, redisKeys });
      }),
    );
  });

  it.each(['', '\n', 'source', 'source\n', '\nkey', 'source\nkey\n'])('reads nothing from %j', (text) => {
    expect(parseBusMessage(Buffer.from(text))).toBeUndefined();
  });

  it.each([null, undefined, 'source\nkey', [Buffer.from('source\nkey')]])(
    'reads nothing from the value %p',
    (value) => {
      expect(parseBusMessage(value)).toBeUndefined();
    },
  );
});
