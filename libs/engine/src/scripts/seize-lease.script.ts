import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';

/**
 * Takes the lease of a key from whoever holds it, and removes the value.
 *
 * KEYS[1]  the value key
 * KEYS[2]  its lease key
 * ARGV[1]  the token of the lease
 * ARGV[2]  how long the lease lives, in ms
 * ARGV[3]  the channel to announce the change on, or empty
 * ARGV[4]  the source of the announcement
 *
 * Returns 1. O(1).
 */
export const seizeLeaseScript = defineScript({
  name: 'seize-lease',
  keys: ['value', 'lease'],
  args: ['token', 'leaseMs', 'channel', 'source'],
  lua: `${ANNOUNCE}${String.raw`
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('UNLINK', KEYS[1])
announce(KEYS[1], KEYS[2])
return 1
`}`,
  parse: (reply) => reply === 1,
});
