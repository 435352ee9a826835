import { defineScript } from '@nest-strata/redis';
import { LOCK_KEYS, LOCK_STATE } from './lock-state.js';

/** What {@link forceReleaseScript} did. */
export interface ForceReleaseReply {
  /** Whom it took the lock from. */
  readonly owners: readonly string[];
  /** A token higher than theirs, and lower than those to come. */
  readonly fence: string;
}

/**
 * Takes a lock from all that hold it, issues a token above theirs, and hands it to who is next.
 *
 * KEYS     see {@link LOCK_STATE}
 * ARGV[1]  what the channel of a process begins with, before its name
 *
 * Returns the token and then the owners. Each is told `f <owner>`, if its process listens. O(n) with n holders.
 */
export const forceReleaseScript = defineScript({
  name: 'force-release',
  keys: LOCK_KEYS,
  args: ['channels'],
  lua: `${LOCK_STATE}${String.raw`
purge()
local reply = { next_token(now_ms) }
for _, owner in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  drop_lease(owner)
  tell(ARGV[1], owner, 'f ' .. owner)
  reply[#reply + 1] = owner
end
hand_on(ARGV[1], '')
keep()
return reply
`}`,
  parse: (reply): ForceReleaseReply => {
    const [fence = '', ...owners] = (reply as Buffer[]).map((part) => part.toString('latin1'));
    return { fence, owners };
  },
});
