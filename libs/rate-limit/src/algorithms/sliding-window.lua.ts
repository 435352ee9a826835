import type { LimitLua } from './limit-lua.js';
import { nearest, wrapped } from './limit-lua.js';

const HELPERS = String.raw`
local function buckets_now(value, bucket_us, bucket_count)
  local counts = {}
  for at = 1, bucket_count + 1 do counts[at] = 0 end
  if not value then return now, counts end
  local bytes = string.byte(value, 14)
  local number = (#value - 14) / bytes
  local kept = { unpack_struct('<I6I6B' .. string.rep(BYTES[bytes], number), value, 2) }
  local last, kept_us = ${nearest('kept[1]')}, kept[2]
  local latest = max(now, last)
  local oldest, kept_oldest = floor(latest / bucket_us) - bucket_count, floor(last / kept_us) - number + 1
  for index = 0, number - 1 do
    local count = kept[index + 4]
    if count > 0 then
      local at = floor(min((kept_oldest + index + 1) * kept_us - 1, last) / bucket_us) - oldest + 1
      if at >= 1 then counts[at] = min(counts[at] + count, 4294967295) end
    end
  end
  return latest, counts
end

local function bucket_sum(counts, last, bucket_us, is_strict)
  local used = counts[1]
  if is_strict == 0 and used > 0 then
    local step_us = ceil(bucket_us / 1048576)
    local steps = ceil(bucket_us / step_us)
    used = ceil(used * (steps - floor(last % bucket_us / step_us)) / steps)
  end
  for at = 2, #counts do used = used + counts[at] end
  return used
end

local function give_to_buckets(counts, last, bucket_us, cost, moment)
  if moment then
    local at = #counts - max(0, floor(last / bucket_us) - floor(moment / bucket_us))
    if at >= 1 then counts[at] = max(0, counts[at] - cost) end
    return
  end
  for at = #counts, 1, -1 do
    local given = min(cost, counts[at])
    counts[at], cost = counts[at] - given, cost - given
  end
end

local function pack_buckets(counts, last, bucket_us)
  local most, bytes = max(unpack(counts)), 1
  while most >= 256 ^ bytes do bytes = bytes + 1 end
  local shape = '<BI6I6B' .. string.rep(BYTES[bytes], #counts)
  return pack_struct(shape, 115, ${wrapped('last')}, bucket_us, bytes, unpack(counts))
end

local function until_buckets_pass(counts, last, bucket_us)
  for at = #counts, 1, -1 do
    if counts[at] > 0 then return at * bucket_us - last % bucket_us + last - now end
  end
  return 0
end
`;

/**
 * p1: a bucket in µs; p2: how many there are; p3: the limit; p4: 1 if strict. Kept: the moment of the latest take, the
 * width of a bucket, and the counts up to the bucket of that moment, all of as many bytes as the largest needs.
 */
export const slidingWindowLua: LimitLua = {
  helpers: `local BYTES = { 'I1', 'I2', 'I3', 'I4' }\n${HELPERS}`,
  read: `c.last, c.counts = buckets_now(c.value, c.p1, c.p2)`,
  allows: `bucket_sum(c.counts, c.last, c.p1, c.p4) + c.cost <= c.p3`,
  take: `c.counts[c.p2 + 1] = min(c.counts[c.p2 + 1] + c.cost, 4294967295)`,
  giveBack: `give_to_buckets(c.counts, c.last, c.p1, c.cost, c.moment)`,
  pack: `pack_buckets(c.counts, c.last, c.p1)`,
  leftUs: `until_buckets_pass(c.counts, c.last, c.p1)`,
  tell: `c.last, c.counts`,
};
