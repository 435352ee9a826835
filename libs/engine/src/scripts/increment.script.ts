import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';

/**
 * Adds to a counter, a plain integer, and makes it where there is none that is valid.
 *
 * KEYS[1]  the value key: the integer
 * KEYS[2]  its companion: the version of the clear record when the counter was made, so that clear() reaches counters
 * KEYS[3]  the lease key of the value, whose load must not replace the counter
 * ARGV[1]  what to add
 * ARGV[2]  the time to live of a counter that is made now, in ms; 0: for ever
 * ARGV[3]  the version of the clear record
 * ARGV[4]  the channel to announce the change on, or empty
 * ARGV[5]  the source of the announcement
 *
 * Returns the sum; an error 'NOTACOUNTER' where the value is something else. O(1).
 *
 * Who has not heard of a clear yet brings an older version than the companion has, and the counter was made after that
 * clear. A companion that is ahead of the server's clock tells nothing: the clock was set back.
 */
export const incrementScript = defineScript({
  name: 'increment',
  keys: ['value', 'companion', 'lease'],
  args: ['by', 'ttlMs', 'clearVersion', 'channel', 'source'],
  lua: `${ANNOUNCE}${String.raw`
local present = redis.call('GETRANGE', KEYS[1], 0, 20)
if present ~= '' and not string.match(present, '^-?%d+$') then
  return redis.error_reply('NOTACOUNTER the value is no plain integer')
end
redis.call('DEL', KEYS[3])
announce(KEYS[1])

local function is_valid(made_at)
  if not made_at or made_at == ARGV[3] then return made_at end
  local time, made_at_us = redis.call('TIME'), tonumber(made_at, 16) or 0
  return made_at_us > tonumber(ARGV[3], 16) and made_at_us - (time[1] * 1000000 + time[2]) <= 0
end

if present ~= '' and is_valid(redis.call('GET', KEYS[2])) then return redis.call('INCRBY', KEYS[1], ARGV[1]) end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[2], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
end
return tonumber(ARGV[1])
`}`,
  parse: (reply) => reply as number,
});
