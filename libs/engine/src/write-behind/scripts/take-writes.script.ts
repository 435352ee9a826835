import { defineScript } from '@nest-strata/redis';
import type { StoredWrite } from '../write-queue.port.js';
import { parseWrite } from './stored-write.reply.js';
import type { WriteReply } from './stored-write.reply.js';
import { WRITE_STREAM_FUNCTIONS } from './write-stream-functions.js';

/** Writes to persist. */
export interface TakenWrites {
  /** The entry to go on after; `undefined` when there were none. */
  readonly lastId: string | undefined;
  /** How many keys wait in all. */
  readonly pendingCount: number;
  readonly writes: readonly StoredWrite[];
}

/**
 * Reads entries of the stream in their order and returns the newest write of each of their keys, wherever it stands. An
 * entry without a key is returned by itself; so is one that the index does not know, in its place, as newer values of its key
 * come after it. If the stream is empty, so are the index and the idempotency keys: whoever
 * emptied it by hand leaves no full queue behind.
 *
 * KEYS[1]  the stream
 * KEYS[2]  the index
 * KEYS[3]  the accepted idempotency keys
 * ARGV[1]  where to begin, as in XRANGE
 * ARGV[2]  how many entries to read
 *
 * Returns { last id read or '', keys that wait, { { id, ids that are done with it, failed attempts, fields }, … } }.
 * O(number of entries).
 */
export const takeWritesScript = defineScript({
  name: 'take-writes',
  keys: ['stream', 'index', 'accepted'],
  args: ['from', 'count'],
  lua: `${WRITE_STREAM_FUNCTIONS}${String.raw`
local function has(ids, wanted)
  for _, id in ipairs(ids) do
    if id == wanted then return true end
  end
end

local entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
if #entries == 0 then
  if redis.call('XLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[2], KEYS[3]) end
  return { '', redis.call('HLEN', KEYS[2]), {} }
end
local writes, by_key = {}, {}
for _, entry in ipairs(entries) do
  local id, fields = entry[1], entry[2]
  local key = field(fields, 'k')
  local write = key and by_key[key]
  if write then
    write[1], write[4] = id, fields
    table.insert(write[2], id)
  else
    write = { id, { id }, 0, fields }
    table.insert(writes, write)
    if key then by_key[key] = write end
  end
end
for key, write in pairs(by_key) do
  local first, newest, attempts = waiting(KEYS[2], key)
  local is_known = first and (has(write[2], first) or has(write[2], newest))
  local fields = is_known and fields_of(KEYS[1], newest)
  if fields then
    if newest ~= write[1] then table.insert(write[2], newest) end
    write[1], write[3], write[4] = newest, tonumber(attempts), fields
  end
end
return { entries[#entries][1], redis.call('HLEN', KEYS[2]), writes }
`}`,
  parse: (reply): TakenWrites => {
    const [lastId, pendingCount, writes] = reply as [Buffer, number, WriteReply[]];
    return { lastId: lastId.toString() || undefined, pendingCount, writes: writes.map(parseWrite) };
  },
});
