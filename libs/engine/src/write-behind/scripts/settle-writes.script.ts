import { defineScript } from '@nest-strata/redis';
import { escapeText } from '../../keys/key-text.js';
import type { Settlement } from '../write-queue.port.js';
import { WRITE_STREAM_FUNCTIONS } from './write-stream-functions.js';

/**
 * Records what became of writes. Persisted ones leave the stream with the entries that they replaced; if a newer value
 * came meanwhile, that one stays. Of failed ones the attempts are recorded. Dead ones move to the dead letters, unless a
 * newer value came. Doing it twice changes nothing.
 *
 * KEYS[1]  the owner
 * KEYS[2]  the stream
 * KEYS[3]  the index
 * KEYS[4]  the accepted idempotency keys
 * KEYS[5]  the dead letters
 * ARGV[1]  the token that the owner must have
 * ARGV[2]  JSON: [['persisted' | 'failed' | 'dead', key, id, [ids that are done with it], failed attempts, error], …]
 *
 * Returns how many keys wait now, or -1 when another process owns the queue; then nothing was done. O(number of writes).
 */
export const settleWritesScript = defineScript({
  name: 'settle-writes',
  keys: ['owner', 'stream', 'index', 'accepted', 'dead'],
  args: ['token', 'settlements'],
  lua: `${WRITE_STREAM_FUNCTIONS}${String.raw`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local stream, index, accepted, dead = KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function finish(key, id, ids)
  local first, newest, attempts = waiting(index, key)
  for _, one in ipairs(ids) do forget(stream, accepted, one) end
  if newest == id then
    forget(stream, accepted, first)
    redis.call('HDEL', index, key)
  elseif first and first ~= newest then
    forget(stream, accepted, first)
    redis.call('HSET', index, key, newest .. ' ' .. newest .. ' ' .. attempts)
  end
end

local function fail(key, id, attempts)
  local first, newest = waiting(index, key)
  if not newest and fields_of(stream, id) then first, newest = id, id end
  if newest == id then redis.call('HSET', index, key, first .. ' ' .. id .. ' ' .. attempts) end
end

local function bury(key, id, ids, attempts, problem)
  local _, newest = waiting(index, key)
  local fields = (not newest or newest == id) and fields_of(stream, id)
  if fields then
    local original = field(fields, 'o') or id
    redis.call('XADD', dead, '*', 'id', original, 'attempts', attempts, 'error', problem,
      unpack(fields, 1, math.min(#fields, 100)))
  end
  finish(key, id, ids)
end

for _, one in ipairs(cjson.decode(ARGV[2])) do
  local result, key, id, ids, attempts, problem = unpack(one)
  if result == 'persisted' then
    finish(key, id, ids)
  elseif result == 'failed' then
    fail(key, id, attempts)
  else
    bury(key, id, ids, attempts, problem)
  end
end
return redis.call('HLEN', index)
`}`,
  parse: Number,
});

/** Settlements as the script takes them, those that make room first. */
export function settlementsAsJson(settlements: readonly Settlement[]): string {
  const rows = settlements.map((settlement) => [
    settlement.result,
    escapeText(settlement.write.key),
    settlement.write.entryId,
    settlement.write.entryIds,
    ...(settlement.result === 'persisted' ? [] : [settlement.failedAttempts]),
    ...(settlement.result === 'dead' ? [settlement.error] : []),
  ]);
  return JSON.stringify(rows.sort(([a], [b]) => Number(b === 'persisted') - Number(a === 'persisted')));
}
