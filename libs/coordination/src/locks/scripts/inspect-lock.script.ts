import { defineScript } from '@nest-strata/redis';
import { LOCK_KEYS } from './lock-state.js';

/** Who holds a lock, alone or beside others, and for how long yet unless it extends that. */
export interface LockHolder {
  readonly owner: string;
  readonly mode: 'exclusive' | 'shared';
  readonly fence: string;
  readonly leaseMs: number;
}

/** How a lock was at a moment. */
export interface LockState {
  readonly isHeld: boolean;
  /** The first to end first. */
  readonly holders: readonly LockHolder[];
  /** The owners that wait, the first in line first. */
  readonly waiters: readonly string[];
  /** The last token that was issued; `undefined` if none is on record. */
  readonly fence: string | undefined;
}

/**
 * Shows a lock, and changes nothing.
 *
 * KEYS  see {@link LOCK_KEYS}
 *
 * Returns the server's time in ms, the token, the leases with their ends, what is known of their owners, and the queue.
 * O(n) with n holders and waiters.
 */
export const inspectLockScript = defineScript({
  name: 'inspect-lock',
  keys: LOCK_KEYS,
  args: [],
  lua: String.raw`
local time = redis.call('TIME')
local now_ms = math.floor((time[1] * 1000000 + time[2]) / 1000)
local holders = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local known = {}
for at = 1, #holders, 2 do known[#known + 1] = redis.call('HGET', KEYS[3], holders[at]) or '' end
return { now_ms, redis.call('GET', KEYS[4]) or '', holders, known, redis.call('LRANGE', KEYS[2], 0, -1) }
`,
  parse: (reply): LockState => {
    const [nowMs, fence, leases, known, queue] = reply as [number, Buffer, Buffer[], Buffer[], Buffer[]];
    const holders = known
      .map((of, at) => toHolder(String(leases[2 * at]), Number(leases[2 * at + 1]) - nowMs, of.toString('latin1')))
      .filter(({ leaseMs }) => leaseMs > 0);
    const waiters = queue.map(String);
    return { isHeld: holders.length > 0, holders, waiters, fence: fence.toString('latin1') || undefined };
  },
});

function toHolder(owner: string, leaseMs: number, known: string): LockHolder {
  return { owner, mode: known.startsWith('s') ? 'shared' : 'exclusive', fence: known.slice(1), leaseMs };
}
