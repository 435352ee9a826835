import type { RedisLink } from '../connection/redis-link.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { readServerInfo } from '../facts/server-info.js';

/** Where Redis sends what it has to tell to a connection that speaks RESP2. */
export const INVALIDATION_CHANNEL = '__redis__:invalidate';

/** `SET` and `DEL` in a script: a change that leaves nothing behind, and is told to the connection that makes it, too. */
const CHANGE = `redis.call('SET', KEYS[1], '', 'PX', 1000) return redis.call('DEL', KEYS[1])`;

/** All keys with these prefixes, or the keys that the connection reads. */
export type TrackingScope = { readonly prefixes: readonly string[] } | 'reads';

/** Turns tracking on afresh: nothing is left of what was tracked before. */
export async function startTracking(
  link: RedisLink,
  subscriberId: number,
  scope: TrackingScope,
  timeoutMs: number,
): Promise<void> {
  await Promise.all([stopTracking(link, timeoutMs), addTracking(link, subscriberId, scope, timeoutMs)]);
}

/** Turns tracking on, or adds prefixes where it is on, none of which may overlap with one that is there. */
export async function addTracking(
  link: RedisLink,
  subscriberId: number,
  scope: TrackingScope,
  timeoutMs: number,
): Promise<void> {
  const what = scope === 'reads' ? [] : ['BCAST', ...scope.prefixes.flatMap((prefix) => ['PREFIX', prefix]), 'NOLOOP'];
  await link.ask('CLIENT', ['TRACKING', 'ON', 'REDIRECT', subscriberId, ...what], timeoutMs);
}

export async function stopTracking(link: RedisLink, timeoutMs: number): Promise<void> {
  await link.ask('CLIENT', ['TRACKING', 'OFF'], timeoutMs);
}

/** The id under which a connection can be named as the one to tell. */
export async function readClientId(link: RedisLink, timeoutMs: number): Promise<number> {
  return Number(await link.ask('CLIENT', ['ID'], timeoutMs));
}

/** Which process the connection leads to; `undefined` where the server does not tell. */
export async function readRunId(link: RedisLink, timeoutMs: number): Promise<string | undefined> {
  return (await readServerInfo(link.ask('INFO', ['server'], timeoutMs))).get('run_id');
}

/** Reads a key and changes it for a moment: whoever tracks it must hear of that. Resolves with false where it is refused. */
export async function changeForAMoment(link: RedisLink, key: string, timeoutMs: number): Promise<boolean> {
  try {
    await Promise.all([link.ask('GET', [key], timeoutMs), link.ask('EVAL', [CHANGE, 1, key], timeoutMs)]);
    return true;
  } catch (error) {
    if (error instanceof RedisReplyError) return false;
    throw error;
  }
}
