import { defineScript } from '@nest-strata/redis';
import { parseStanding, QUOTA_SCRIPT_HEAD } from './quota-script-head.js';
import type { QuotaSettleOutcome } from './quota-store.port.js';

const OUTCOMES: readonly QuotaSettleOutcome[] = ['settled', 'late', 'cancelled', 'unknown', 'wrong-period'];

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
  lua: `${QUOTA_SCRIPT_HEAD}${String.raw`
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
  parse: (reply) => parseStanding(reply, OUTCOMES),
});
