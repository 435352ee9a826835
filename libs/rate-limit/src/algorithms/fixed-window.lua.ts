/** p1: the window in µs; p2: its offset; p3: the limit. Kept: the latest take, what was taken in its window. */
export const fixedWindowLua = String.raw`
limits.f = {
  read = function(c)
    c.last, c.count = now, 0
    if not c.value then return end
    local last, count = struct.unpack(PAIRS[#c.value - 7], c.value, 2)
    last = near(last)
    if math.floor((math.max(now, last) - c.p2) / c.p1) == math.floor((last - c.p2) / c.p1) then
      c.last, c.count = last, count
    end
  end,
  allows = function(c) return c.count + c.cost <= c.p3 end,
  take = function(c)
    c.last, c.count = math.max(now, c.last), math.min(c.count + c.cost, MAX_AMOUNT)
  end,
  give_back = function(c)
    if c.moment and math.floor((c.moment - c.p2) / c.p1) < math.floor((c.last - c.p2) / c.p1) then return end
    c.count = math.max(0, c.count - c.cost)
  end,
  pack = function(c) return 'f' .. struct.pack(PAIRS[width(c.count)], c.last % WRAP, c.count) end,
  left_us = function(c) return (math.floor((c.last - c.p2) / c.p1) + 1) * c.p1 + c.p2 - now end,
  tell = function(c, say) say(c.last) say(c.count) end,
}
`;
