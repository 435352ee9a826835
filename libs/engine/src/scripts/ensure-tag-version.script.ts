import { defineScript } from '@nest-strata/redis';
import { parseVersionReply } from './version-reply.js';

/**
 * Returns the version of a tag, making the record if there is none and prolonging it where it would not outlive the
 * entry that is about to carry it.
 *
 * KEYS[1]  the tag record: a version as 16 hex digits
 * ARGV[1]  how long the record must live, in ms; 0: for ever
 *
 * Returns { version, how long the record lives in ms, -1: for ever }. O(1).
 *
 * A record is prolonged only below half of the time asked for: every PEXPIRE is a change that others are told of. A
 * record that is made has the server's time in µs for its version; it is below 2^53, so numbers stay exact.
 */
export const ensureTagVersionScript = defineScript({
  name: 'ensure-tag-version',
  keys: ['record'],
  args: ['lifeMs'],
  lua: String.raw`
local life_ms = tonumber(ARGV[1])
local version = redis.call('GET', KEYS[1])
if not version then
  local time = redis.call('TIME')
  version = string.format('%016x', time[1] * 1000000 + time[2])
  if life_ms == 0 then redis.call('SET', KEYS[1], version) else redis.call('SET', KEYS[1], version, 'PX', life_ms) end
  return { version, life_ms == 0 and -1 or life_ms }
end
local left_ms = redis.call('PTTL', KEYS[1])
if left_ms >= 0 then
  if life_ms == 0 then
    redis.call('PERSIST', KEYS[1])
    left_ms = -1
  elseif left_ms < life_ms / 2 then
    redis.call('PEXPIRE', KEYS[1], life_ms)
    left_ms = life_ms
  end
end
return { version, left_ms }
`,
  parse: parseVersionReply,
});
