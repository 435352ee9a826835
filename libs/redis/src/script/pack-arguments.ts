import type { RedisArgument } from '../redis.port.js';
import type { RedisScript } from './redis-script.js';

/** What follows the digest or the text in `EVALSHA` and `EVAL`: the number of keys, the keys, the arguments. */
export function packArguments<Key extends string, Arg extends string>(
  script: RedisScript<Key, Arg, unknown>,
  keys: Readonly<Record<Key, string>>,
  args: Readonly<Record<Arg, RedisArgument>>,
): RedisArgument[] {
  return [script.keys.length, ...script.keys.map((name) => keys[name]), ...script.args.map((name) => args[name])];
}
