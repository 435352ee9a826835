import { RedisReplyError } from '../errors/redis-reply.error.js';

/** The fields of `INFO`; none where the server does not permit the question. */
export type ServerInfo = ReadonlyMap<string, string>;

/**
 * Reads a reply to `INFO`, which a server may refuse.
 *
 * @throws RedisUnavailableError when there is no answer
 */
export async function readServerInfo(answer: Promise<unknown>): Promise<ServerInfo> {
  try {
    return parseInfo(String(await answer));
  } catch (error) {
    if (error instanceof RedisReplyError) return new Map();
    throw error;
  }
}

/** Lines of `field:value` under `# Section` headings. */
function parseInfo(text: string): ServerInfo {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
