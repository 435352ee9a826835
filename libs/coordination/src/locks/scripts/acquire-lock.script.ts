import { defineScript } from '@nest-strata/redis';
import { LOCK_KEYS, LOCK_STATE } from './lock-state.js';

/** What became of a request for a lock. Times are those of the server's clock, in ms. */
export type AcquireReply =
  | { readonly status: 'granted'; readonly fence: string }
  | {
      readonly status: 'refused' | 'queued';
      readonly serverNowMs: number;
      /** How long until the first lease ends by itself. */
      readonly nextEndInMs: number;
      /** Whether nobody is before it in the queue. */
      readonly isNext: boolean;
    };

const STATUSES = ['refused', 'granted', 'queued'] as const;

/**
 * Takes a lock, queues for it, or looks what has become of a place in the queue.
 *
 * KEYS     see {@link LOCK_STATE}
 * ARGV[1]  the owner: `<process>.<number>`, new for each attempt
 * ARGV[2]  the mode, `x` or `s`
 * ARGV[3]  how many may hold it at once, if shared
 * ARGV[4]  how long the lease is to be, in ms
 * ARGV[5]  how long it is when it was given to somebody who waits and has not answered yet, in ms
 * ARGV[6]  how long the owner is willing to wait from now, in ms; 0: not at all; -1: for ever
 * ARGV[7]  1: behind those who wait already; 0: before them, if it is free
 * ARGV[8]  what the channel of a process begins with, before its name
 * ARGV[9]  1: the process of the owner listens to its channel; 0: it will ask
 *
 * Returns the status (0 refused, 1 granted, 2 queued), the server's time in ms, the token or '', in how many ms the first
 * lease ends, and 1 if the owner is the next. An owner that holds the lock already gets a whole lease again. O(log n)
 * with n holders.
 */
export const acquireLockScript = defineScript({
  name: 'acquire-lock',
  keys: LOCK_KEYS,
  args: ['owner', 'mode', 'limit', 'leaseMs', 'claimMs', 'waitMs', 'isFair', 'channels', 'hasInbox'],
  lua: `${LOCK_STATE}${String.raw`
local owner, mode, limit, lease_ms, wait_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])

local function granted(token)
  keep()
  return { 1, now_ms, token, 0, 0 }
end

local function token_of_own()
  if not redis.call('ZSCORE', leases, owner) then return nil end
  local known = redis.call('HGET', owners, owner)
  if not known then return lease(owner, mode, lease_ms) end
  redis.call('ZADD', leases, now_ms + lease_ms, owner)
  return string.sub(known, 2)
end

purge()
local token = token_of_own()
if token then return granted(token) end
local is_queued = first and redis.call('HEXISTS', owners, owner) == 1
if (ARGV[7] == '0' or not first) and may_hold(mode, limit) then
  if is_queued then drop_waiter(owner) end
  return granted(lease(owner, mode, lease_ms))
end

if wait_ms ~= 0 then
  local until_ms = wait_ms < 0 and '0' or integer(now_ms + wait_ms)
  redis.call('HSET', owners, owner, 'w' .. mode .. ':' .. until_ms .. ':' .. ARGV[3] .. ':' .. ARGV[5] .. ':' .. ARGV[9])
  if not is_queued then redis.call('RPUSH', queue, owner) end
end
hand_on(ARGV[8], owner)
token = token_of_own()
if token then return granted(token) end
if wait_ms == 0 and redis.call('LLEN', queue) == 0 and may_hold(mode, limit) then
  return granted(lease(owner, mode, lease_ms))
end

keep()
local is_next = redis.call('LINDEX', queue, 0) == owner
local next_end_ms = math.max(0, lease_end(0, 0) - now_ms)
return { wait_ms == 0 and 0 or 2, now_ms, '', next_end_ms, is_next and 1 or 0 }
`}`,
  parse: (reply): AcquireReply => {
    const [code, serverNowMs, fence, nextEndInMs, isNext] = reply as [number, number, Buffer, number, number];
    const status = STATUSES[code] ?? 'refused';
    if (status === 'granted') return { status, fence: fence.toString('latin1') };
    return { status, serverNowMs, nextEndInMs, isNext: isNext === 1 };
  },
});
