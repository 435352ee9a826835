import { defineScript } from '@nest-strata/redis';
import { parseVersionReply } from './version-reply.js';

/**
 * Returns the version of a tag, making the record if there is none and prolonging it where it would not outlive the
 * entry that is about to carry it.
 *
 * KEYS[1]  the tag record: a version as 16 hex digits
 * ARGV[1]  how long the record must live, in ms; 0: for ever
 *
 * Returns { version, server time in µs, 1 if the record was made now else 0 }. O(1).
 *
 * A record is prolonged only below half of the time asked for: every PEXPIRE is a change that others would be told of.
 * Numbers stay exact: the time in µs is below 2^53.
 */
export const ensureTagVersionScript = defineScript({
  name: 'ensure-tag-version',
  keys: ['record'],
  args: ['lifeMs'],
  lua: String.raw`
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local life_ms = tonumber(ARGV[1])
local version = redis.call('GET', KEYS[1])
if not version then
  version = string.format('%016x', now_us)
  if life_ms == 0 then redis.call('SET', KEYS[1], version) else redis.call('SET', KEYS[1], version, 'PX', life_ms) end
  return { version, string.format('%.0f', now_us), 1 }
end
local left_ms = redis.call('PTTL', KEYS[1])
if left_ms >= 0 then
  if life_ms == 0 then
    redis.call('PERSIST', KEYS[1])
  elseif left_ms < life_ms / 2 then
    redis.call('PEXPIRE', KEYS[1], life_ms)
  end
end
return { version, string.format('%.0f', now_us), 0 }
`,
  parse: parseVersionReply,
});
