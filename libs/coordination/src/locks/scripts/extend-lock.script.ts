import { defineScript } from '@nest-strata/redis';
import { LOCK_KEYS, LOCK_STATE } from './lock-state.js';

/**
 * Gives a lease that has not ended its whole time again. What has ended is not brought back.
 *
 * KEYS     see {@link LOCK_STATE}
 * ARGV[1]  the owner
 * ARGV[2]  how long the lease is to be from now, in ms
 *
 * Returns the token of the owner, or '' if it does not hold the lock. O(log n) with n holders.
 */
export const extendLockScript = defineScript({
  name: 'extend-lock',
  keys: LOCK_KEYS,
  args: ['owner', 'leaseMs'],
  lua: `${LOCK_STATE}${String.raw`
local end_ms = redis.call('ZSCORE', leases, ARGV[1])
if not end_ms or tonumber(end_ms) <= now_ms then return '' end
redis.call('ZADD', leases, now_ms + ARGV[2], ARGV[1])
keep()
return string.sub(redis.call('HGET', owners, ARGV[1]) or '', 2)
`}`,
  parse: (reply): string | undefined => (reply as Buffer).toString('latin1') || undefined,
});
