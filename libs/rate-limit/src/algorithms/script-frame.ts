/**
 * What stands before the algorithms in the script: `now` in µs, and how numbers are stored.
 *
 * A stored time has 6 bytes, modulo 2^48 µs, and is read as the moment nearest to now; a limit never looks as far as half
 * of that. PAIRS[n] is such a time and a number of n bytes, after the mark.
 */
export const SCRIPT_HEAD = String.raw`
local WRAP, HALF_WRAP = 281474976710656, 140737488355328
local MAX_AMOUNT, MAX_SPAN_US = 4503599627370496, 70368744177664
local PAIRS = { '<I6I1', '<I6I2', '<I6I3', '<I6I4', '<I6I5', '<I6I6', '<I6I7' }
local WIDTHS = { 'I1', 'I2', 'I3', 'I4' }

local now, slack_ms
if ARGV[1] == '' then
  local time = redis.call('TIME')
  now, slack_ms = time[1] * 1000000 + time[2], 100
else
  now, slack_ms = tonumber(ARGV[1]), 3600000
end

local function near(stored_us) return now + (stored_us - now + HALF_WRAP) % WRAP - HALF_WRAP end

local function width(number)
  local bytes = 1
  while number >= 256 do
    bytes, number = bytes + 1, math.floor(number / 256)
  end
  return bytes
end

local limits = {}
`;

/**
 * What follows the algorithms: reads all claims, decides, and only then writes.
 *
 * `limits[mark]` has, each with a claim `c` (`value`: what is stored, without another mark, or nil; `key`, where it has its
 * own; `cost`; `stamp`; `moment`; `p1` to `p4`): `read` what is kept as it is now, `allows`, `take`, `give_back`, `pack`
 * what is to be stored (hash only), `left_us` until that is as good as none, and `tell` what a verdict needs. A claim
 * whose state had to be converted for good has `is_converted` set: then it is stored even if the request is denied.
 */
export const SCRIPT_BODY = String.raw`
local operation, claims, fields = ARGV[2], {}, {}
for at = 3, #ARGV, 11 do
  local subject = tonumber(ARGV[at + 1])
  local wanted = fields[subject]
  if not wanted then
    wanted = {}
    fields[subject] = wanted
  end
  wanted[#wanted + 1] = ARGV[at + 3]
  claims[#claims + 1] = {
    limit = limits[ARGV[at]], mark = ARGV[at], subject = subject, at = #wanted,
    key = KEYS[tonumber(ARGV[at + 2])], field = ARGV[at + 3],
    cost = tonumber(ARGV[at + 4]), is_shadow = ARGV[at + 5] == '1', stamp = ARGV[at + 6],
    moment = tonumber(ARGV[at + 6]),
    p1 = tonumber(ARGV[at + 7]), p2 = tonumber(ARGV[at + 8]),
    p3 = tonumber(ARGV[at + 9]), p4 = tonumber(ARGV[at + 10]),
  }
end

local values = {}
for subject, wanted in pairs(fields) do values[subject] = redis.call('HMGET', KEYS[subject], unpack(wanted)) end

local all_allowed = true
for _, c in ipairs(claims) do
  c.value = values[c.subject][c.at]
  if c.value and string.sub(c.value, 1, 1) ~= c.mark then c.value = nil end
  c.limit.read(c)
  c.is_allowed = c.limit.allows(c)
  if not c.is_allowed and not c.is_shadow then all_allowed = false end
end

local stored, lives = {}, {}
local function store(c)
  local life_ms = math.ceil(c.limit.left_us(c) / 1000) + slack_ms
  local list = stored[c.subject]
  if not list then
    list = {}
    stored[c.subject], lives[c.subject] = list, 0
  end
  lives[c.subject] = math.max(lives[c.subject], life_ms)
  if c.key then redis.call('PEXPIRE', c.key, life_ms) end
  list[#list + 1] = c.field
  list[#list + 1] = c.key and c.mark or c.limit.pack(c)
end

for _, c in ipairs(claims) do
  if c.cost > 0 then
    if operation == 'give' then
      if c.value then
        c.limit.give_back(c)
        if not c.key then store(c) end
      end
    elseif operation == 'penalize' or all_allowed and c.is_allowed then
      c.limit.take(c)
      store(c)
    elseif c.is_converted then
      store(c)
    end
  end
end

for subject, list in pairs(stored) do
  redis.call('HSET', KEYS[subject], unpack(list))
  if redis.call('PTTL', KEYS[subject]) < lives[subject] then redis.call('PEXPIRE', KEYS[subject], lives[subject]) end
end

local reply = { now, all_allowed and 1 or 0 }
local function say(number) reply[#reply + 1] = number end
for _, c in ipairs(claims) do
  if operation == 'penalize' then c.cost = 0 end
  say(c.is_allowed and 1 or 0)
  c.limit.tell(c, say)
end
return reply
`;
