import { createHash } from 'node:crypto';
import type { RedisScript } from './redis-script.js';

/** What a script is made of; `sha1` is computed. */
export type RedisScriptDefinition<Key extends string, Arg extends string, Reply> = Omit<
  RedisScript<Key, Arg, Reply>,
  'sha1'
>;

/**
 * Makes a Lua script that {@link RedisPort.run} takes, with its keys and arguments checked by name at compile time.
 *
 * @example
 * const addUpTo = defineScript({
 *   name: 'add-up-to',
 *   keys: ['counter'],
 *   args: ['limit'],
 *   lua: `local n = redis.call('INCR', KEYS[1]) if n > tonumber(ARGV[1]) then … end return n`,
 *   parse: Number,
 * });
 * await redis.run(addUpTo, { counter: 'visits' }, { limit: 10 });
 */
export function defineScript<const Key extends string, const Arg extends string, Reply>(
  definition: RedisScriptDefinition<Key, Arg, Reply>,
): RedisScript<Key, Arg, Reply> {
  const sha1 = createHash('sha1').update(definition.lua).digest('hex');
  return Object.freeze({ ...definition, sha1 });
}
