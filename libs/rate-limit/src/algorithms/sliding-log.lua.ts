/** p1: the window in µs; p2: the limit. A list of moments, the newest last, in a key of its own. */
export const slidingLogLua = String.raw`
limits.l = {
  read = function(c)
    local length = c.value and redis.call('LLEN', c.key) or 0
    c.newest = length > 0 and tonumber(redis.call('LINDEX', c.key, -1)) or 0
    local over, low, high = math.max(now, c.newest) - c.p1, 0, length
    -- Most logs begin with what still counts: looked at first, before the list is cut in halves.
    if high > 0 and tonumber(redis.call('LINDEX', c.key, 0)) > over then high = 0 end
    while low < high do
      local middle = math.floor((low + high) / 2)
      if tonumber(redis.call('LINDEX', c.key, middle)) <= over then low = middle + 1 else high = middle end
    end
    c.first, c.live = low, length - low
  end,
  allows = function(c) return c.live + c.cost <= c.p2 end,
  take = function(c)
    c.newest = math.max(now, c.newest)
    if not c.value then redis.call('DEL', c.key) elseif c.first > 0 then redis.call('LTRIM', c.key, c.first, -1) end
    local left = math.min(c.cost, c.p2)
    c.first, c.live = 0, c.live + left
    while left > 0 do
      local part = {}
      for at = 1, math.min(left, 1000) do part[at] = c.newest end
      redis.call('RPUSH', c.key, unpack(part))
      left = left - #part
    end
    if c.live > 2 * c.p2 then
      redis.call('LTRIM', c.key, -2 * c.p2, -1)
      c.live = 2 * c.p2
    end
  end,
  give_back = function(c)
    if c.moment then redis.call('LREM', c.key, -c.cost, c.moment) else redis.call('LTRIM', c.key, 0, -c.cost - 1) end
  end,
  left_us = function(c) return c.newest + c.p1 - now end,
  tell = function(c, say)
    local surplus = c.live + c.cost - c.p2
    say(c.live)
    say(c.newest)
    say(surplus > 0 and c.cost <= c.p2 and tonumber(redis.call('LINDEX', c.key, c.first + surplus - 1)) or 0)
  end,
}
`;
