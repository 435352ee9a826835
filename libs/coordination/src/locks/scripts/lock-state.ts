/**
 * How long the fence record outlives its token and every lease that was given out since, in ms. It is gone only once the
 * clock of a server is past the token by this much, so that the token that follows, from that clock, is higher, even if
 * the server that goes on after a failover is behind by up to this much.
 */
const FENCE_LIFE_MS = 3_600_000;
/** How long a queue is kept that nobody touches. Who waits touches it more often, see `MAX_POLL_MS`. */
const QUEUE_LIFE_MS = 300_000;
/** How long the record of a lease outlives it, so that the next script sees that it has ended. */
const LEASE_RECORD_MS = 60_000;

/** The keys that every script of a lock is given, in this order. */
export const LOCK_KEYS = ['leases', 'queue', 'owners', 'fence'] as const;

/**
 * What the scripts of a lock share.
 *
 * KEYS[1]  leases: a sorted set of the owners that hold the lock, by the end of their lease in ms of the server's clock
 * KEYS[2]  queue: a list of the owners that wait, the first to come first
 * KEYS[3]  owners: a hash; of who holds: mode and fencing token, `x000…`; of who waits: `w<mode>:<until ms>:<limit>:
 *          <claim ms>:<has inbox>`. The mode is `x` (alone) or `s` (shared with others up to a limit)
 * KEYS[4]  fence: the last token, 16 hex digits
 *
 * `hand_on(self)` gives the lock to those at the head of the queue, as many as may hold it, for the time of a claim, and
 * tells each in the inbox of its process: `g <owner> <token> <server ms> <lease ms>`. The next in line is told `n
 * <owner>`. Whose inbox nobody listens to is dropped; so is who waited longer than it wanted to. `self` runs the script
 * and needs no message. `purge()` comes before it: it ends what has expired, and remembers who was next. O(1) for each
 * that is given the lock or dropped.
 */
export const LOCK_STATE = String.raw`
local leases, queue, owners, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = math.floor(now_us / 1000)

local function integer(number) return string.format('%.0f', number) end

local function lease_end(from, to)
  return tonumber(redis.call('ZRANGE', leases, from, to, 'WITHSCORES')[2] or 0)
end

local function next_token(until_ms)
  local previous = tonumber(redis.call('GET', fence) or '0', 16) or 0
  local token = math.max(previous + 1, now_us)
  local text = string.format('%016x', token)
  redis.call('SET', fence, text)
  redis.call('PEXPIREAT', fence, math.max(math.floor(token / 1000), until_ms) + ${FENCE_LIFE_MS})
  return text
end

local function drop_lease(owner)
  redis.call('ZREM', leases, owner)
  redis.call('HDEL', owners, owner)
end

local function drop_waiter(owner)
  redis.call('LREM', queue, 1, owner)
  redis.call('HDEL', owners, owner)
end

local first
local function purge()
  first = redis.call('LINDEX', queue, 0)
  for _, owner in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now_ms)) do drop_lease(owner) end
end

local function may_hold(mode, limit)
  local count = redis.call('ZCARD', leases)
  if count == 0 then return true end
  if mode == 'x' or count - limit >= 0 then return false end
  local other = redis.call('HGET', owners, redis.call('ZRANGE', leases, 0, 0)[1])
  return other and string.sub(other, 1, 1) == 's'
end

local function lease(owner, mode, lease_ms)
  local token = next_token(now_ms + lease_ms)
  redis.call('ZADD', leases, now_ms + lease_ms, owner)
  redis.call('HSET', owners, owner, mode .. token)
  return token
end

local function tell(channels, owner, message)
  local heard = redis.pcall('PUBLISH', channels .. string.match(owner, '^[^.]*'), message)
  return type(heard) ~= 'number' or heard > 0
end

local function hand_on(channels, self)
  while true do
    local owner = redis.call('LINDEX', queue, 0)
    if not owner then return end
    local mode, until_ms, limit, claim_ms, has_inbox =
      string.match(redis.call('HGET', owners, owner) or '', '^w(.):(%d+):(%d+):(%d+):(%d)$')
    if not mode or (until_ms ~= '0' and tonumber(until_ms) < now_ms) then
      drop_waiter(owner)
    elseif may_hold(mode, tonumber(limit)) then
      drop_waiter(owner)
      local token = lease(owner, mode, tonumber(claim_ms))
      local grant = 'g ' .. owner .. ' ' .. token .. ' ' .. integer(now_ms) .. ' ' .. claim_ms
      if owner ~= self and has_inbox == '1' and not tell(channels, owner, grant) then drop_lease(owner) end
    elseif owner == self or owner == first or has_inbox == '0' or tell(channels, owner, 'n ' .. owner) then
      return
    else
      drop_waiter(owner)
    end
  end
end

local function keep()
  local last_ms = lease_end(-1, -1) + ${LEASE_RECORD_MS}
  redis.call('PEXPIREAT', leases, last_ms)
  if redis.call('PEXPIREAT', queue, now_ms + ${QUEUE_LIFE_MS}) == 1 then
    last_ms = math.max(last_ms, now_ms + ${QUEUE_LIFE_MS})
  end
  redis.call('PEXPIREAT', owners, last_ms)
end
`;
