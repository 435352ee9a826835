import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';

/**
 * Replaces the header of a value that was not written since it was seen, and leaves its body.
 *
 * KEYS[1]  the value key
 * KEYS[2]  its lease key
 * ARGV[1]  the header that was seen
 * ARGV[2]  the new header, of the same length
 * ARGV[3]  the value's new time to live in ms; 0: for ever; -1: as it is
 * ARGV[4]  the token that the lease must have, to be ended; `any`: end whatever lease there is; `none`: leave it
 * ARGV[5]  the channel to announce the change on, or empty
 * ARGV[6]  the source of the announcement
 *
 * Returns 1 if replaced, else 0. O(1).
 */
export const replaceHeaderScript = defineScript({
  name: 'replace-header',
  keys: ['value', 'lease'],
  args: ['seen', 'header', 'ttlMs', 'lease', 'channel', 'source'],
  lua: `${ANNOUNCE}${String.raw`
if ARGV[4] ~= 'any' and ARGV[4] ~= 'none' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return 0 end
if ARGV[4] ~= 'none' then redis.call('DEL', KEYS[2]) end
announce(KEYS[1], KEYS[2])
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 0, ARGV[2])
if ARGV[3] == '0' then
  redis.call('PERSIST', KEYS[1])
elseif ARGV[3] ~= '-1' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`}`,
  parse: (reply) => reply === 1,
});
