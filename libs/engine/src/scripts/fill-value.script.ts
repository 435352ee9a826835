import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';
import { VERSION_ORDER } from './version-order.js';

/** What became of the value that a load brought. */
export type FillResult = 'stored' | 'superseded' | 'older-version';

/**
 * Stores the value of a load that still has its lease, where there is still what there was when it took it, and ends the
 * lease in any case.
 *
 * KEYS[1]  the value key
 * KEYS[2]  its lease key
 * ARGV[1]  the token of the lease
 * ARGV[2]  the first 76 bytes of the value that was there when the lease was taken; empty: there was none
 * ARGV[3]  the new value
 * ARGV[4]  its time to live in ms; 0: for ever
 * ARGV[5]  its version at the source, 8 bytes; empty: none. A value with a higher one stays
 * ARGV[6]  the channel to announce the change on, or empty
 * ARGV[7]  the source of the announcement
 *
 * Returns 1 if stored, 0 if the lease is lost or the value has changed, -1 if there is a higher version. O(1) but for the
 * copying of the value. After Leases in Nishtala et al., Scaling Memcache at Facebook, NSDI 2013.
 */
export const fillValueScript = defineScript({
  name: 'fill-value',
  keys: ['value', 'lease'],
  args: ['token', 'seen', 'bytes', 'ttlMs', 'version', 'channel', 'source'],
  lua: `${ANNOUNCE}${VERSION_ORDER}${String.raw`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local header = redis.call('GETRANGE', KEYS[1], 0, 75)
local result = 1
if header ~= ARGV[2] then
  result = 0
elseif ARGV[5] ~= '' and #header == 76 and is_higher(string.sub(header, 57, 64), ARGV[5]) then
  result = -1
elseif ARGV[4] == '0' then
  redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
announce(KEYS[1], KEYS[2])
return result
`}`,
  parse: (reply): FillResult => (reply === 1 ? 'stored' : reply === 0 ? 'superseded' : 'older-version'),
});
