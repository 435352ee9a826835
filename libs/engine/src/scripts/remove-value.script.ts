import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';
import { VERSION_ORDER } from './version-order.js';

/**
 * Removes a value and the lease of its load, and leaves a floor if one is given: an entry whose time is over, so that no
 * value with a lower version is stored after it.
 *
 * KEYS[1]  the value key
 * KEYS[2]  its lease key
 * ARGV[1]  the version that was deleted, 8 bytes; empty: any. A value with a higher one stays
 * ARGV[2]  the floor; empty: none
 * ARGV[3]  how long the floor stays, in ms
 * ARGV[4]  the channel to announce the change on, or empty
 * ARGV[5]  the source of the announcement
 *
 * Returns how many values were removed: 0 or 1. O(1).
 */
export const removeValueScript = defineScript({
  name: 'remove-value',
  keys: ['value', 'lease'],
  args: ['version', 'floor', 'floorMs', 'channel', 'source'],
  lua: `${ANNOUNCE}${VERSION_ORDER}${String.raw`
redis.call('UNLINK', KEYS[2])
local header = redis.call('GETRANGE', KEYS[1], 0, 75)
announce(KEYS[1], KEYS[2])
if ARGV[1] ~= '' and #header == 76 and is_higher(string.sub(header, 57, 64), ARGV[1]) then return 0 end
local removed = redis.call('UNLINK', KEYS[1])
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return removed
`}`,
  parse: (reply) => reply as number,
});
