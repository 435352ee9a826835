import { defineScript } from '@nest-strata/redis';
import type { AcceptReply } from '../write-queue.port.js';
import { WRITE_STREAM_FUNCTIONS } from './write-stream-functions.js';

const RESULTS: readonly AcceptReply['result'][] = ['added', 'replaced', 'known', 'full'];

/**
 * Accepts a value of a key: adds it to the stream and makes it the key's newest. Of a key that waits, the oldest entry
 * stays to keep the place in the queue, and those in between go; so a key has at most two entries, however often it is
 * written.
 *
 * KEYS[1]  the stream
 * KEYS[2]  the index
 * KEYS[3]  the accepted idempotency keys
 * KEYS[4]  the owner: who drains
 * ARGV[1]  the key, escaped
 * ARGV[2]  the idempotency key, escaped
 * ARGV[3]  the value's envelope
 * ARGV[4]  how many keys may wait
 *
 * Returns { 0 added, 1 replaced, 2 known or 3 full; the write's id; keys that wait; 1 if there is an owner }. O(1).
 */
export const acceptWriteScript = defineScript({
  name: 'accept-write',
  keys: ['stream', 'index', 'accepted', 'owner'],
  args: ['key', 'idempotencyKey', 'bytes', 'maxPending'],
  lua: `${WRITE_STREAM_FUNCTIONS}${String.raw`
local is_owned = redis.call('EXISTS', KEYS[4])
local known = redis.call('HGET', KEYS[3], ARGV[1] .. '\n' .. ARGV[2])
local pending = redis.call('HLEN', KEYS[2])
if known then return { 2, known, pending, is_owned } end
local first = waiting(KEYS[2], ARGV[1])
if not first and pending >= tonumber(ARGV[4]) then return { 3, '', pending, is_owned } end
local id = append(KEYS[1], 'k', ARGV[1], 'i', ARGV[2], 'v', ARGV[3])
enter(KEYS[1], KEYS[2], KEYS[3], id, ARGV[1], ARGV[2])
return { first and 1 or 0, id, redis.call('HLEN', KEYS[2]), is_owned }
`}`,
  parse: (reply): AcceptReply => {
    const [result, id, pendingCount, isOwned] = reply as [number, Buffer, number, number];
    return { result: RESULTS[result] ?? 'full', id: id.toString(), pendingCount, isDrained: isOwned === 1 };
  },
});
