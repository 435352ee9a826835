import type { QuotaCounter, QuotaStanding } from './quota-store.port.js';

/**
 * What both scripts begin with. `KEYS[1]` is the hash of open reservations; the other keys begin with the same prefix,
 * `ARGV[1]`, and are known only from what is stored, so a cluster is not for them.
 */
export const QUOTA_SCRIPT_HEAD = String.raw`
local prefix, counters = ARGV[1], {}
for id, starts, ends, limit in string.gmatch(ARGV[2], '([^|;]+)|(%d+)|(%d+)|(-?%d+)') do
  counters[#counters + 1] = { id = id, starts = tonumber(starts), ends = tonumber(ends), limit = tonumber(limit) }
end
local keep_ms, remember_ms, request = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local open_key, ends_key, id_key = KEYS[1], prefix .. 'ends', prefix .. 'id:' .. request
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reached = {}

local function answer(outcome)
  local reply = { outcome, now }
  for i, counter in ipairs(counters) do
    reply[#reply + 1] = tonumber(redis.call('GET', prefix .. counter.id) or 0)
    reply[#reply + 1] = tonumber(redis.call('HGET', open_key, 'sum:' .. counter.id) or 0)
    reply[#reply + 1] = reached[i] or {}
  end
  return reply
end

local function outside()
  for _, counter in ipairs(counters) do
    if now - counter.starts < 0 or counter.ends - now <= 0 then return true end
  end
  return false
end

-- A count never gets below 0, and never lives without an end.
local function add(id, amount, forget_at)
  local key = prefix .. id
  if redis.call('INCRBY', key, amount) < 0 then redis.call('SET', key, 0, 'KEEPTTL') end
  if forget_at then redis.call('PEXPIREAT', key, forget_at)
  elseif redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, keep_ms) end
end

local function add_to_all(amount)
  for _, counter in ipairs(counters) do add(counter.id, amount, counter.ends + keep_ms) end
end

local function give_back(id, reservation)
  local cost, ids = string.match(reservation, '^(%d+)|(.*)$')
  for period in string.gmatch(ids, '[^,]+') do
    if redis.call('EXISTS', prefix .. period) == 1 then add(period, -cost) end
    if redis.call('HINCRBY', open_key, 'sum:' .. period, -cost) <= 0 then
      redis.call('HDEL', open_key, 'sum:' .. period)
    end
  end
  redis.call('HDEL', open_key, 'r:' .. id)
  redis.call('ZREM', ends_key, id)
  return ids
end

local function give_back_what_ran_out()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', ends_key, '-inf', now)) do
    local reservation = redis.call('HGET', open_key, 'r:' .. id)
    if reservation then give_back(id, reservation) else redis.call('ZREM', ends_key, id) end
  end
end

local function note_thresholds()
  for i, counter in ipairs(counters) do
    if counter.limit > 0 then
      local used = tonumber(redis.call('GET', prefix .. counter.id) or 0)
      local warned_key, warned, highest = prefix .. counter.id .. ':warned', nil, nil
      for threshold in string.gmatch(ARGV[3], '%d+') do
        threshold = tonumber(threshold)
        if used * 100 - threshold * counter.limit >= 0 then
          warned = warned or tonumber(redis.call('GET', warned_key) or 0)
          if threshold - warned > 0 then
            reached[i] = reached[i] or {}
            table.insert(reached[i], threshold)
            highest = threshold
          end
        end
      end
      if highest then redis.call('SET', warned_key, highest, 'PXAT', counter.ends + keep_ms) end
    end
  end
end
`;

/** The counters as the scripts take them. */
export function packCounters(counters: readonly QuotaCounter[]): string {
  return counters
    .map(({ id, startsAtMs, endsAtMs, limit }) => [id, startsAtMs, endsAtMs, limit === Infinity ? -1 : limit].join('|'))
    .join(';');
}

/** The reply of both scripts; `outcomes` names the codes. */
export function parseStanding<Outcome>(reply: unknown, outcomes: readonly Outcome[]): QuotaStanding<Outcome> {
  const [code, nowMs, ...rest] = reply as [number, number, ...(number | number[])[]];
  const outcome = outcomes[code];
  if (outcome === undefined) throw new TypeError(`A quota script answered ${String(code)}, which means nothing.`);
  const column = (offset: number): (number | number[])[] => rest.filter((_, index) => index % 3 === offset);
  return {
    outcome,
    nowMs,
    used: column(0) as number[],
    reserved: column(1) as number[],
    reached: column(2) as number[][],
  };
}
