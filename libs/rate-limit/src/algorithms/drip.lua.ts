/**
 * p1: µs and p2: tokens of the rate, in lowest terms. Kept: the moment at which the debt is paid, and the rate by which it
 * was computed; both shortened where a token takes a whole number of µs.
 */
const drip = (mark: string): string => String.raw`
local function drip_by(c, parts)
  local sum = c.fraction + parts
  local whole_us = math.floor(sum / c.p2)
  c.zero, c.fraction = c.zero + whole_us, sum - whole_us * c.p2
  if c.zero >= now + MAX_SPAN_US then c.zero, c.fraction = now + MAX_SPAN_US, 0 end
end

local drip = {
  read = function(c)
    c.zero, c.fraction = now, 0
    if not c.value then return end
    local zero, per_us, count, fraction
    if #c.value < 15 then
      zero, per_us = struct.unpack(PAIRS[#c.value - 7], c.value, 2)
      count, fraction = 1, 0
    else
      zero, per_us, count, fraction = struct.unpack('<I6I7I7I7', c.value, 2)
    end
    zero = near(zero)
    if zero < now then return end
    if per_us == c.p1 and count == c.p2 then
      c.zero, c.fraction = zero, fraction
    else
      local tokens = ((zero - now) * count + fraction) / per_us
      drip_by(c, math.min(math.ceil(tokens * c.p1), MAX_AMOUNT))
      c.is_converted = true
    end
  end,
  take = function(c) drip_by(c, math.min(c.cost * c.p1, MAX_AMOUNT)) end,
  give_back = function(c)
    drip_by(c, -math.min(c.cost * c.p1, MAX_AMOUNT))
    if c.zero < now then c.zero, c.fraction = now, 0 end
  end,
  pack = function(c)
    if c.p2 == 1 then return '${mark}' .. struct.pack(PAIRS[width(c.p1)], c.zero % WRAP, c.p1) end
    return '${mark}' .. struct.pack('<I6I7I7I7', c.zero % WRAP, c.p1, c.p2, c.fraction)
  end,
  left_us = function(c) return c.zero - now + 1 end,
  tell = function(c, say) say(c.zero) say(c.fraction) end,
}
`;

/** p3: the capacity in tokens. */
export const meterLua = String.raw`${drip('d')}
drip.allows = function(c) return c.zero - now + math.ceil((c.fraction + (c.cost - c.p3) * c.p1) / c.p2) <= 0 end
limits.d = drip
`;

/** p3: the longest wait in µs; p4: the largest cost. What is given back is the last slot, or nothing. */
export const queueLua = String.raw`${drip('q')}
drip.allows = function(c) return c.cost <= c.p4 and c.zero - now + (c.fraction > 0 and 1 or 0) <= c.p3 end
local give_back = drip.give_back
drip.give_back = function(c)
  if c.moment and c.zero + math.ceil((c.fraction - c.cost * c.p1) / c.p2) == c.moment then give_back(c) end
end
limits.q = drip
`;
