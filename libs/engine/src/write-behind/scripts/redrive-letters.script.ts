import { defineScript } from '@nest-strata/redis';
import type { RedriveOutcome } from '../write-queue.port.js';
import { WRITE_STREAM_FUNCTIONS } from './write-stream-functions.js';

/**
 * Puts dead letters into the stream again, with the ids that they had. A letter that is older than what waits for its key
 * is dropped.
 *
 * KEYS[1]  the dead letters
 * KEYS[2]  the stream
 * KEYS[3]  the index
 * KEYS[4]  the accepted idempotency keys
 * ARGV[1]  the ids of the letters, as a JSON array
 * ARGV[2]  how many keys may wait
 *
 * Returns { redriven, superseded, refused }. O(number of letters).
 */
export const redriveLettersScript = defineScript({
  name: 'redrive-letters',
  keys: ['dead', 'stream', 'index', 'accepted'],
  args: ['letterIds', 'maxPending'],
  lua: `${WRITE_STREAM_FUNCTIONS}${String.raw`
local dead, stream, index, accepted = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function is_older(one, other)
  local ms, sequence = string.match(one, '^(%d+)%-(%d+)$')
  local other_ms, other_sequence = string.match(other, '^(%d+)%-(%d+)$')
  if ms ~= other_ms then return tonumber(ms) < tonumber(other_ms) end
  return tonumber(sequence) < tonumber(other_sequence)
end

local redriven, superseded, refused = 0, 0, 0
for _, letter_id in ipairs(cjson.decode(ARGV[1])) do
  local letter = fields_of(dead, letter_id)
  local key, value, original = nil, nil, nil
  if letter then key, value, original = field(letter, 'k'), field(letter, 'v'), field(letter, 'id') end
  local first, newest, there
  if key then first, newest = waiting(index, key) end
  if newest then there = fields_of(stream, newest) end
  if not key or not value or not string.match(original or '', '^%d+%-%d+$') then
    refused = refused + 1
  elseif there and is_older(original, field(there, 'o') or newest) then
    redis.call('XDEL', dead, letter_id)
    superseded = superseded + 1
  elseif not first and redis.call('HLEN', index) >= tonumber(ARGV[2]) then
    refused = refused + 1
  else
    local idempotency = field(letter, 'i') or ''
    local id = append(stream, 'k', key, 'i', idempotency, 'v', value, 'o', original)
    enter(stream, index, accepted, id, key, idempotency, original)
    redis.call('XDEL', dead, letter_id)
    redriven = redriven + 1
  end
end
return { redriven, superseded, refused }
`}`,
  parse: (reply): RedriveOutcome => {
    const [redriven, superseded, refused] = reply as [number, number, number];
    return { redriven, superseded, refused };
  },
});
