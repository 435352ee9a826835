import { defineScript } from '@nest-strata/redis';

/**
 * Prolongs the ownership of a queue, or ends it.
 *
 * KEYS[1]  the owner
 * ARGV[1]  the caller's token
 * ARGV[2]  for how long, in ms; 0: ends it
 *
 * Returns 1, or 0 when the caller is not the owner. O(1).
 */
export const keepQueueScript = defineScript({
  name: 'keep-queue',
  keys: ['owner'],
  args: ['token', 'lifeMs'],
  lua: String.raw`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
  parse: (reply) => reply === 1,
});
