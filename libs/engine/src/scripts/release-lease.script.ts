import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';

/**
 * Ends a lease that is still held, or leaves in its place the word that the load failed.
 *
 * KEYS[1]  the lease key
 * ARGV[1]  the token of the lease
 * ARGV[2]  the record of the failure; empty: none
 * ARGV[3]  how long the record stands, in ms
 * ARGV[4]  the channel to announce the change on, or empty
 * ARGV[5]  the source of the announcement
 *
 * Returns 1 if the lease was held, else 0. O(1).
 */
export const releaseLeaseScript = defineScript({
  name: 'release-lease',
  keys: ['lease'],
  args: ['token', 'record', 'recordMs', 'channel', 'source'],
  lua: `${ANNOUNCE}${String.raw`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
announce(KEYS[1])
return 1
`}`,
  parse: (reply) => reply === 1,
});
