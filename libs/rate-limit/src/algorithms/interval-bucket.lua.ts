/** p1: the interval in µs; p2: tokens per refill; p3: the capacity. Kept: since when a refill is under way, what is missing. */
export const intervalBucketLua = String.raw`
limits.i = {
  read = function(c)
    c.since, c.missing = now, 0
    if not c.value then return end
    local since, missing = struct.unpack(PAIRS[#c.value - 7], c.value, 2)
    since = near(since)
    local refills = math.max(0, math.floor((now - since) / c.p1))
    if refills >= math.ceil(missing / c.p2) then return end
    c.since, c.missing = since + refills * c.p1, missing - refills * c.p2
  end,
  allows = function(c) return c.missing + c.cost <= c.p3 end,
  take = function(c) c.missing = math.min(c.missing + c.cost, MAX_AMOUNT) end,
  give_back = function(c) c.missing = math.max(0, c.missing - c.cost) end,
  pack = function(c) return 'i' .. struct.pack(PAIRS[width(c.missing)], c.since % WRAP, c.missing) end,
  left_us = function(c)
    return math.min(c.since - now + math.ceil(c.missing / c.p2) * c.p1, MAX_SPAN_US)
  end,
  tell = function(c, say) say(c.since) say(c.missing) end,
}
`;
