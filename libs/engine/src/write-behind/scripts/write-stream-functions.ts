import { MAX_SEQUENCE } from '../write-id.js';

/**
 * Lua functions for the scripts of a write-behind stream. What is damaged, such as an index that was changed by hand, they
 * take as absent.
 *
 * - `field(fields, name)`: a field of an entry
 * - `fields_of(stream, id)`: the fields of the entry `id`, or nil
 * - `waiting(index, key)`: first id, newest id and failed attempts of a key that waits, or nil
 * - `append(stream, …)`: adds an entry whose id fits the version of a write; returns the id
 * - `forget(stream, accepted, id)`: takes an entry away, and its idempotency key with it
 * - `enter(stream, index, accepted, id, key, idempotency, original)`: makes an entry that was added the newest of its key,
 *   as the write that is known by the id `original`, or by its own
 */
export const WRITE_STREAM_FUNCTIONS = String.raw`
local function field(fields, name)
  for at = 1, #fields, 2 do
    if fields[at] == name then return fields[at + 1] end
  end
end

local function fields_of(stream, id)
  local found = redis.call('XRANGE', stream, id, id)[1]
  return found and found[2]
end

local function waiting(index, key)
  local found = redis.call('HGET', index, key)
  if found then return string.match(found, '^(%d+%-%d+) (%d+%-%d+) (%d+)$') end
end

local function append(stream, ...)
  local id = redis.call('XADD', stream, '*', ...)
  local ms, sequence = string.match(id, '^(%d+)%-(%d+)$')
  if tonumber(sequence) < ${MAX_SEQUENCE} then return id end
  redis.call('XDEL', stream, id)
  return redis.call('XADD', stream, string.format('%.0f-0', ms + 1), ...)
end

local function forget(stream, accepted, id)
  local fields = fields_of(stream, id)
  if not fields then return end
  redis.call('HDEL', accepted, (field(fields, 'k') or '') .. '\n' .. (field(fields, 'i') or ''))
  redis.call('XDEL', stream, id)
end

local function enter(stream, index, accepted, id, key, idempotency, original)
  local first, newest = waiting(index, key)
  if first and first ~= newest then forget(stream, accepted, newest) end
  redis.call('HSET', index, key, (first or id) .. ' ' .. id .. ' 0')
  redis.call('HSET', accepted, key .. '\n' .. idempotency, original or id)
end
`;
