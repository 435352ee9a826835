/** p1: a lease in µs; p2: the limit. A sorted set of leases by their ends, in a key of its own. */
export const concurrencyLua = String.raw`
limits.c = {
  read = function(c)
    c.live = c.value and redis.call('ZCOUNT', c.key, now + 1, '+inf') or 0
    local ends = c.value and redis.call('ZSCORE', c.key, c.stamp)
    c.is_held = ends and tonumber(ends) > now or false
    c.asked = c.cost > 0 and not c.is_held and 1 or 0
  end,
  allows = function(c) return c.is_held and c.cost > 0 or c.live + c.asked <= c.p2 end,
  take = function(c)
    if not c.value then redis.call('DEL', c.key) end
    redis.call('ZREMRANGEBYSCORE', c.key, '-inf', now)
    redis.call('ZADD', c.key, now + c.p1, c.stamp)
    c.live = c.live + c.asked
  end,
  give_back = function(c) redis.call('ZREM', c.key, c.stamp) end,
  left_us = function(c) return tonumber(redis.call('ZRANGE', c.key, -1, -1, 'WITHSCORES')[2] or now) - now end,
  tell = function(c, say)
    local surplus = c.live + c.asked - c.p2
    say(c.live)
    say(c.is_held and 1 or 0)
    say(tonumber(redis.call('ZRANGE', c.key, -1, -1, 'WITHSCORES')[2] or 0))
    local blocking = surplus > 0 and
      redis.call('ZRANGEBYSCORE', c.key, now + 1, '+inf', 'WITHSCORES', 'LIMIT', surplus - 1, 1)[2]
    say(tonumber(blocking or 0))
  end,
}
`;
