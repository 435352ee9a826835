import { defineScript } from '@nest-strata/redis';
import type { QuotaCounter, QuotaSettleOutcome, QuotaStanding, QuotaTakeOutcome } from './quota-store.port.js';

/**
 * What both scripts begin with. `KEYS[1]` is the hash of open reservations; the other keys begin with the same prefix,
 * `ARGV[1]`, and are known only from what is stored, so a cluster is not for them.
 */
const COMMON = String.raw`
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
    if now < counter.starts or now >= counter.ends then return true end
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
        if used * 100 >= threshold * counter.limit then
          warned = warned or tonumber(redis.call('GET', warned_key) or 0)
          if threshold > warned then
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

const TAKE_OUTCOMES: readonly QuotaTakeOutcome[] = ['taken', 'denied', 'repeated', 'wrong-period'];
const SETTLE_OUTCOMES: readonly QuotaSettleOutcome[] = ['settled', 'late', 'cancelled', 'unknown', 'wrong-period'];

/**
 * Takes from all counters of a quota or from none, once for each request id.
 *
 * KEYS[1]  the hash of open reservations: `<prefix>open`
 * ARGV[1]  the prefix of all keys
 * ARGV[2]  the counters: `id|start|end|limit` joined with `;`, moments in ms, -1 for no limit
 * ARGV[3]  the thresholds in percent, ascending, joined with `,`
 * ARGV[4]  for how many ms counters are kept after their period
 * ARGV[5]  for how many ms the request id is remembered
 * ARGV[6]  the request id, escaped; empty: none
 * ARGV[7]  the cost; 0: asks only; below 0: gives back
 * ARGV[8]  for how many ms it is reserved; 0: it is taken for good
 *
 * Returns { outcome, server ms, then for each counter: used, reserved, the thresholds first reached }.
 * O(counters + reservations that have run out).
 */
export const takeQuotaScript = defineScript({
  name: 'take-quota',
  keys: ['open'],
  args: ['prefix', 'counters', 'thresholds', 'keepMs', 'rememberMs', 'id', 'cost', 'reserveMs'],
  lua: `${COMMON}${String.raw`
local cost, reserve_ms = tonumber(ARGV[7]), tonumber(ARGV[8])
if outside() then return answer(3) end
give_back_what_ran_out()
if request ~= '' and redis.call('EXISTS', id_key) == 1 then return answer(2) end
if cost == 0 then return answer(0) end
if cost > 0 then
  for _, counter in ipairs(counters) do
    local used = tonumber(redis.call('GET', prefix .. counter.id) or 0)
    if counter.limit >= 0 and used + cost > counter.limit then return answer(1) end
  end
end
add_to_all(cost)
note_thresholds()
if request ~= '' then
  redis.call('SET', id_key, reserve_ms > 0 and 'open' or 'taken', 'PX', remember_ms)
end
if reserve_ms > 0 then
  local ids, forget_at = {}, now + reserve_ms
  for _, counter in ipairs(counters) do
    ids[#ids + 1] = counter.id
    forget_at = math.max(forget_at, counter.ends)
    redis.call('HINCRBY', open_key, 'sum:' .. counter.id, cost)
  end
  redis.call('HSET', open_key, 'r:' .. request, ARGV[7] .. '|' .. table.concat(ids, ','))
  redis.call('ZADD', ends_key, now + reserve_ms, request)
  redis.call('PEXPIREAT', open_key, forget_at + keep_ms)
  redis.call('PEXPIREAT', ends_key, forget_at + keep_ms)
end
return answer(0)
`}`,
  parse: (reply) => parseStanding(reply, TAKE_OUTCOMES),
});

/**
 * Ends a reservation: what it took is given back, and what was used is taken, in the same periods.
 *
 * KEYS[1], ARGV[1] to ARGV[6]  as of take-quota; the counters are those of now
 * ARGV[7]  how much was used; empty: it is cancelled
 * ARGV[8]  1: counts it even if nothing is known of the reservation
 *
 * Returns as take-quota. O(counters + reservations that have run out).
 */
export const settleQuotaScript = defineScript({
  name: 'settle-quota',
  keys: ['open'],
  args: ['prefix', 'counters', 'thresholds', 'keepMs', 'rememberMs', 'id', 'actual', 'isForced'],
  lua: `${COMMON}${String.raw`
local actual = tonumber(ARGV[7])
if outside() then return answer(4) end
give_back_what_ran_out()
local reservation = redis.call('HGET', open_key, 'r:' .. request)
local state = redis.call('GET', id_key)
local function remember() redis.call('SET', id_key, actual and 'committed' or 'cancelled', 'PX', remember_ms) end
if reservation then
  local ids = give_back(request, reservation)
  if actual and actual > 0 then
    for period in string.gmatch(ids, '[^,]+') do add(period, actual) end
  end
  note_thresholds()
  remember()
  return answer(0)
end
if state == 'committed' or (state == 'cancelled' and not actual) then return answer(0) end
if state == 'cancelled' then return answer(2) end
if state ~= 'open' and ARGV[8] ~= '1' then return answer(3) end
remember()
if not actual then return answer(0) end
if actual > 0 then add_to_all(actual) end
note_thresholds()
return answer(1)
`}`,
  parse: (reply) => parseStanding(reply, SETTLE_OUTCOMES),
});

/** The counters as the scripts take them. */
export function packCounters(counters: readonly QuotaCounter[]): string {
  return counters
    .map(({ id, startsAtMs, endsAtMs, limit }) => [id, startsAtMs, endsAtMs, limit === Infinity ? -1 : limit].join('|'))
    .join(';');
}

function parseStanding<Outcome>(reply: unknown, outcomes: readonly Outcome[]): QuotaStanding<Outcome> {
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
