import { defineScript } from '@nest-strata/redis';

/**
 * Replaces the header of a value that was not written since it was seen, and leaves its body.
 *
 * KEYS[1]  the value key
 * ARGV[1]  the header that was seen
 * ARGV[2]  the new header, of the same length
 * ARGV[3]  the value's new time to live in ms; 0: for ever; -1: as it is
 *
 * Returns 1 if replaced, else 0. O(1).
 */
export const replaceHeaderScript = defineScript({
  name: 'replace-header',
  keys: ['value'],
  args: ['seen', 'header', 'ttlMs'],
  lua: String.raw`
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 0, ARGV[2])
if ARGV[3] == '0' then
  redis.call('PERSIST', KEYS[1])
elseif ARGV[3] ~= '-1' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`,
  parse: (reply) => reply === 1,
});
