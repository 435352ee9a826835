/** The next cursor, `'0'` at the end, and the keys of a reply to `SCAN`. */
export function parseScanReply(reply: unknown): [cursor: string, keys: string[]] {
  const [cursor, keys] = reply as [Buffer, Buffer[]];
  return [cursor.toString(), keys.map((key) => key.toString())];
}
