import type { LimitLua } from './limit-lua.js';

const HELPERS = String.raw`
local function last_end(key) return tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2] or 0) end

local function end_at(key, place)
  if place < 1 then return 0 end
  return tonumber(redis.call('ZRANGEBYSCORE', key, now + 1, '+inf', 'WITHSCORES', 'LIMIT', place - 1, 1)[2] or 0)
end
`;

/** p1: a lease in µs; p2: the limit. A sorted set of leases by their ends, in a key of its own. */
export const concurrencyLua: LimitLua = {
  helpers: HELPERS,
  read: `
do
  c.live = c.value and redis.call('ZCOUNT', c.key, now + 1, '+inf') or 0
  local ends = c.value and redis.call('ZSCORE', c.key, c.stamp)
  c.is_held = ends and tonumber(ends) > now or false
  c.asked = c.cost > 0 and not c.is_held and 1 or 0
end`,
  allows: `c.is_held and c.cost > 0 or c.live + c.asked <= c.p2`,
  take: `
if not c.value then redis.call('DEL', c.key) end
redis.call('ZREMRANGEBYSCORE', c.key, '-inf', now)
redis.call('ZADD', c.key, now + c.p1, c.stamp)
c.live = c.live + c.asked`,
  giveBack: `redis.call('ZREM', c.key, c.stamp)`,
  leftUs: `last_end(c.key) - now`,
  tell: `c.live, c.is_held and 1 or 0, last_end(c.key), end_at(c.key, c.live + c.asked - c.p2)`,
};
