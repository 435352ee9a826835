import { defineScript } from '@nest-strata/redis';
import { LOCK_KEYS, LOCK_STATE } from './lock-state.js';

/** What an owner was that left: `none` if it neither held the lock (any more) nor waited for it. */
export type LeaveReply = 'held' | 'waited' | 'none';

const REPLIES = ['none', 'held', 'waited'] as const;

/**
 * Gives up a lock, or a place in its queue, and hands the lock to who is next.
 *
 * KEYS     see {@link LOCK_STATE}
 * ARGV[1]  the owner
 * ARGV[2]  what the channel of a process begins with, before its name
 *
 * Returns 1 if the owner held the lock, 2 if it waited, else 0. O(n) with n waiters for one that waited, else O(log n)
 * with n holders.
 */
export const leaveLockScript = defineScript({
  name: 'leave-lock',
  keys: LOCK_KEYS,
  args: ['owner', 'channels'],
  lua: `${LOCK_STATE}${String.raw`
purge()
local was = 0
if redis.call('ZSCORE', leases, ARGV[1]) then
  was = 1
  drop_lease(ARGV[1])
elseif redis.call('HEXISTS', owners, ARGV[1]) == 1 then
  was = 2
  drop_waiter(ARGV[1])
end
hand_on(ARGV[2], '')
keep()
return was
`}`,
  parse: (reply): LeaveReply => REPLIES[reply as number] ?? 'none',
});
