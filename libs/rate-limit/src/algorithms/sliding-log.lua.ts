import type { LimitLua } from './limit-lua.js';

const HELPERS = String.raw`
-- How many entries are at over_us or before it. Most lists begin with what still counts: looked at before bisecting.
local function count_over(key, length, over_us)
  local low, high = 0, length
  if high > 0 and tonumber(redis.call('LINDEX', key, 0)) > over_us then return 0 end
  while low < high do
    local middle = floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', key, middle)) <= over_us then low = middle + 1 else high = middle end
  end
  return low
end

local function push_times(key, moment, times)
  while times > 0 do
    local part = {}
    for at = 1, min(times, 1000) do part[at] = moment end
    redis.call('RPUSH', key, unpack(part))
    times = times - #part
  end
end
`;

/** p1: the window in µs; p2: the limit. A list of moments, the newest last, in a key of its own. */
export const slidingLogLua: LimitLua = {
  helpers: HELPERS,
  read: `
do
  local length = c.value and redis.call('LLEN', c.key) or 0
  c.newest = length > 0 and tonumber(redis.call('LINDEX', c.key, -1)) or 0
  c.first = count_over(c.key, length, max(now, c.newest) - c.p1)
  c.live = length - c.first
end`,
  allows: `c.live + c.cost <= c.p2`,
  take: `
c.newest = max(now, c.newest)
if not c.value then redis.call('DEL', c.key) elseif c.first > 0 then redis.call('LTRIM', c.key, c.first, -1) end
push_times(c.key, c.newest, min(c.cost, c.p2))
c.first, c.live = 0, c.live + min(c.cost, c.p2)
if c.live > 2 * c.p2 then
  redis.call('LTRIM', c.key, -2 * c.p2, -1)
  c.live = 2 * c.p2
end`,
  giveBack: `
if c.moment then redis.call('LREM', c.key, -c.cost, c.moment) else redis.call('LTRIM', c.key, 0, -c.cost - 1) end`,
  leftUs: `c.newest + c.p1 - now`,
  tell: `c.live, c.newest, c.live + c.cost > c.p2 and c.cost <= c.p2 and
  tonumber(redis.call('LINDEX', c.key, c.first + c.live + c.cost - c.p2 - 1)) or 0`,
};
