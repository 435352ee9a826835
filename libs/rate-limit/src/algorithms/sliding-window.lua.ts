/**
 * p1: a bucket in µs; p2: how many there are; p3: the limit; p4: 1 if strict. Kept: the moment of the latest take, the
 * width of a bucket, and the counts up to the bucket of that moment, all of as many bytes as the largest needs.
 */
export const slidingWindowLua = String.raw`
limits.s = {
  read = function(c)
    local counts = {}
    for at = 1, c.p2 + 1 do counts[at] = 0 end
    c.last, c.counts = now, counts
    if not c.value then return end
    local bytes = string.byte(c.value, 14)
    local number = (#c.value - 14) / bytes
    local kept = { struct.unpack('<I6I6I1' .. string.rep(WIDTHS[bytes], number), c.value, 2) }
    local last, bucket_us = near(kept[1]), kept[2]
    c.last = math.max(now, last)
    local oldest, kept_oldest = math.floor(c.last / c.p1) - c.p2, math.floor(last / bucket_us) - number + 1
    for index = 0, number - 1 do
      local count = kept[index + 4]
      if count > 0 then
        local moment = math.min((kept_oldest + index + 1) * bucket_us - 1, last)
        local at = math.floor(moment / c.p1) - oldest + 1
        if at >= 1 then counts[at] = math.min(counts[at] + count, 4294967295) end
      end
    end
  end,
  allows = function(c)
    local used = c.counts[1]
    if c.p4 == 0 and used > 0 then
      local step_us = math.ceil(c.p1 / 1048576)
      local steps = math.ceil(c.p1 / step_us)
      used = math.ceil(used * (steps - math.floor(c.last % c.p1 / step_us)) / steps)
    end
    for at = 2, c.p2 + 1 do used = used + c.counts[at] end
    return used + c.cost <= c.p3
  end,
  take = function(c) c.counts[c.p2 + 1] = math.min(c.counts[c.p2 + 1] + c.cost, 4294967295) end,
  give_back = function(c)
    local newest, left = c.p2 + 1, c.cost
    if c.moment then
      local at = newest - math.max(0, math.floor(c.last / c.p1) - math.floor(c.moment / c.p1))
      if at >= 1 then c.counts[at] = math.max(0, c.counts[at] - c.cost) end
      return
    end
    for at = newest, 1, -1 do
      local given = math.min(left, c.counts[at])
      c.counts[at], left = c.counts[at] - given, left - given
    end
  end,
  pack = function(c)
    local bytes = width(math.max(unpack(c.counts)))
    local shape = '<I6I6I1' .. string.rep(WIDTHS[bytes], #c.counts)
    return 's' .. struct.pack(shape, c.last % WRAP, c.p1, bytes, unpack(c.counts))
  end,
  left_us = function(c)
    for at = c.p2 + 1, 1, -1 do
      if c.counts[at] > 0 then return at * c.p1 - c.last % c.p1 + c.last - now end
    end
    return 0
  end,
  tell = function(c, say)
    say(c.last)
    for at = 1, c.p2 + 1 do say(c.counts[at]) end
  end,
}
`;
