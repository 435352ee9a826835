import { defineScript } from '@nest-strata/redis';

/**
 * Makes the caller the owner of a queue that has none.
 *
 * KEYS[1]  the owner
 * ARGV[1]  the caller's token
 * ARGV[2]  for how long, in ms
 *
 * Returns 0 if the caller owns the queue now, else the time that the owner has left, in ms, at least 1. O(1).
 */
export const ownQueueScript = defineScript({
  name: 'own-queue',
  keys: ['owner'],
  args: ['token', 'lifeMs'],
  lua: String.raw`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
`,
  parse: Number,
});
