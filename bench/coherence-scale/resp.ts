/** A command as Redis reads it; ASCII only. */
export function command(...words: readonly (string | number)[]): string {
  return `*${String(words.length)}\r\n${words.map((word) => bulk(String(word))).join('')}`;
}

/** What `SUBSCRIBE` of the first channel of a connection is answered with. */
export function subscribed(channel: string): string {
  return `*3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n`;
}

/** What `MGET` of so many keys, which all hold `value`, is answered with. */
export function values(count: number, value: string): string {
  return `*${String(count)}\r\n${bulk(value).repeat(count)}`;
}

function bulk(text: string): string {
  return `$${String(text.length)}\r\n${text}\r\n`;
}
