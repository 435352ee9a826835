import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RequestSniffer } from './request-sniffer.js';

/** A request as a client writes it. */
function request(...words: (string | Buffer)[]): Buffer {
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

function sniff(...pieces: (string | Buffer)[]): RequestSniffer {
  const sniffer = new RequestSniffer();
  for (const piece of pieces) sniffer.take(Buffer.from(piece));
  return sniffer;
}

describe('RequestSniffer', () => {
  it('knows nothing of who has said nothing', () => {
    expect(sniff(request('GET', 'a'), request('PING'))).toMatchObject({ name: undefined, isSubscriber: false });
  });

  it('learns a name, and the next one', () => {
    const sniffer = sniff(request('client', 'setname', 'app:data'));
    expect(sniffer.name).toBe('app:data');
    sniffer.take(request('HELLO', '3', 'AUTH', 'user', 'password', 'SETNAME', 'other'));
    expect(sniffer.name).toBe('other');
    sniffer.take(request('HELLO', '3'));
    sniffer.take(request('CLIENT', 'ID'));
    expect(sniffer.name).toBe('other');
  });

  it.each(['SUBSCRIBE', 'psubscribe', 'SSubscribe'])('takes who sends %s for a subscriber', (command) => {
    expect(sniff(request(command, '__redis__:invalidate')).isSubscriber).toBe(true);
  });

  it.each([
    ['values', request('SET', 'a', '*1\r\n$9\r\nSUBSCRIBE\r\n')],
    ['long values', request('SET', 'a', Buffer.alloc(5_000, '$'))],
    ['words beyond the eighth', request('MSET', ...Array<string>(20).fill('SUBSCRIBE'))],
    ['empty words', request('SET', '', '')],
    ['inline commands', Buffer.from('PING\r\nSUBSCRIBE x\r\n')],
    ['what is no request', Buffer.from('$5\r\n*x\r\n*-1\r\n*0\r\n')],
  ])('reads past %s', (_, bytes) => {
    expect(sniff(bytes)).toMatchObject({ name: undefined, isSubscriber: false });
    expect(sniff(bytes, request('CLIENT', 'SETNAME', 'n')).name).toBe('n');
  });

  it('gives up on a stream that is not RESP', () => {
    expect(sniff(Buffer.alloc(2_000, 'x'), '\r\n', request('CLIENT', 'SETNAME', 'n')).name).toBeUndefined();
  });

  it('learns the same however the bytes are cut up', () => {
    const bytes = Buffer.concat([
      request('SET', 'key', Buffer.alloc(300, '\n')),
      request('CLIENT', 'SETNAME', 'a-name'),
      request('SUBSCRIBE', 'channel'),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const sniffer = sniff(...places.slice(1).map((end, at) => bytes.subarray(places[at], end)));
        expect(sniffer).toMatchObject({ name: 'a-name', isSubscriber: true });
      }),
    );
  });
});
