/** A message on the bus: who changed which keys. */
export interface BusMessage {
  readonly source: string;
  readonly redisKeys: readonly string[];
}

/** Reads `<source>\n<key>\n<key>…`; `undefined` for anything else, for anybody may publish. */
export function parseBusMessage(payload: unknown): BusMessage | undefined {
  if (!Buffer.isBuffer(payload)) return undefined;
  const [source, ...redisKeys] = payload.toString('utf8').split('\n');
  if (source === undefined || source === '' || redisKeys.length === 0 || redisKeys.includes('')) return undefined;
  return { source, redisKeys };
}
