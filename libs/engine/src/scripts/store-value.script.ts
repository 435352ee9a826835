import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';
import { VERSION_ORDER } from './version-order.js';

/** What became of a conditional store. */
export type ConditionalStore = 'stored' | 'changed' | 'older-version';

/**
 * Stores a value if what is there allows it, and ends the lease of its load.
 *
 * KEYS[1]  the value key
 * KEYS[2]  its lease key
 * ARGV[1]  `any`: whatever is there; `seen`: only over what was seen before
 * ARGV[2]  the first 76 bytes of the value that was seen; empty: there was none. They include the write's id, so no two
 *          writes begin alike
 * ARGV[3]  the new value
 * ARGV[4]  its time to live in ms; 0: for ever
 * ARGV[5]  its version at the source, 8 bytes; empty: none. A value with a higher one stays
 * ARGV[6]  the channel to announce the change on, or empty
 * ARGV[7]  the source of the announcement
 *
 * Returns 1 if stored, 0 if something else is there, -1 if it has a higher version. O(1) but for the copying of the value.
 */
export const storeValueScript = defineScript({
  name: 'store-value',
  keys: ['value', 'lease'],
  args: ['condition', 'seen', 'bytes', 'ttlMs', 'version', 'channel', 'source'],
  lua: `${ANNOUNCE}${VERSION_ORDER}${String.raw`
local header = redis.call('GETRANGE', KEYS[1], 0, 75)
if ARGV[1] == 'seen' then
  if header ~= ARGV[2] then return 0 end
  if header == '' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
end
if ARGV[5] ~= '' and #header == 76 and is_higher(string.sub(header, 57, 64), ARGV[5]) then return -1 end
if ARGV[4] == '0' then redis.call('SET', KEYS[1], ARGV[3]) else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) end
redis.call('DEL', KEYS[2])
announce(KEYS[1], KEYS[2])
return 1
`}`,
  parse: (reply): ConditionalStore => (reply === 1 ? 'stored' : reply === 0 ? 'changed' : 'older-version'),
});
