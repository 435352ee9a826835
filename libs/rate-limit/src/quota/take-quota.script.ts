import { defineScript } from '@nest-strata/redis';
import { parseStanding, QUOTA_SCRIPT_HEAD } from './quota-script-head.js';
import type { QuotaTakeOutcome } from './quota-store.port.js';

const OUTCOMES: readonly QuotaTakeOutcome[] = ['taken', 'denied', 'repeated', 'wrong-period'];

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
  lua: `${QUOTA_SCRIPT_HEAD}${String.raw`
local cost, reserve_ms = tonumber(ARGV[7]), tonumber(ARGV[8])
if outside() then return answer(3) end
give_back_what_ran_out()
if request ~= '' and redis.call('EXISTS', id_key) == 1 then return answer(2) end
if cost == 0 then return answer(0) end
if cost > 0 then
  for _, counter in ipairs(counters) do
    local used = tonumber(redis.call('GET', prefix .. counter.id) or 0)
    if counter.limit >= 0 and used + cost - counter.limit > 0 then return answer(1) end
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
  parse: (reply) => parseStanding(reply, OUTCOMES),
});
