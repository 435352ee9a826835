import { defineScript } from '@nest-strata/redis';

/**
 * Stores a value where there is still what was seen before: nothing, or a value that begins with the same bytes. They
 * include the write's id, so no two writes begin alike.
 *
 * KEYS[1]  the value key
 * ARGV[1]  the first bytes of the value that was seen; empty: there was none
 * ARGV[2]  the new value
 * ARGV[3]  its time to live in ms; 0: for ever
 *
 * Returns 1 if stored, else 0. O(1) but for the copying of the value.
 */
export const storeIfUnchangedScript = defineScript({
  name: 'store-if-unchanged',
  keys: ['value'],
  args: ['seen', 'bytes', 'ttlMs'],
  lua: String.raw`
if ARGV[1] == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
elseif redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then
  return 0
end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`,
  parse: (reply) => reply === 1,
});
