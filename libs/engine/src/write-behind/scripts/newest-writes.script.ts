import { defineScript } from '@nest-strata/redis';
import { parseWrite } from './stored-write.reply.js';
import type { WriteReply } from './stored-write.reply.js';
import { WRITE_STREAM_FUNCTIONS } from './write-stream-functions.js';

/**
 * Returns the newest writes of keys.
 *
 * KEYS[1]  the stream
 * KEYS[2]  the index
 * ARGV[1]  the keys, escaped, as a JSON array
 *
 * Returns for each key { id, { first id, id }, failed attempts, fields }, or nil when nothing waits. O(number of keys).
 */
export const newestWritesScript = defineScript({
  name: 'newest-writes',
  keys: ['stream', 'index'],
  args: ['keys'],
  lua: `${WRITE_STREAM_FUNCTIONS}${String.raw`
local writes = {}
for at, key in ipairs(cjson.decode(ARGV[1])) do
  local first, newest, attempts = waiting(KEYS[2], key)
  local fields = newest and fields_of(KEYS[1], newest)
  writes[at] = fields and { newest, { first, newest }, tonumber(attempts), fields } or false
end
return writes
`}`,
  parse: (reply) => (reply as (WriteReply | null)[]).map((write) => (write === null ? undefined : parseWrite(write))),
});
