import { defineScript } from '@nest-strata/redis';

/** Whose a queue is. */
export interface OwnReply {
  /** 0: the caller's; else how long another process still owns it. */
  readonly leftMs: number;
  readonly pendingCount: number;
}

/**
 * Makes the caller the owner of a queue that has none.
 *
 * KEYS[1]  the owner
 * KEYS[2]  the index
 * ARGV[1]  the caller's token
 * ARGV[2]  for how long, in ms
 *
 * Returns { 0 if the caller owns the queue now, else the time that the owner has left, in ms, at least 1; keys that wait }.
 * O(1).
 */
export const ownQueueScript = defineScript({
  name: 'own-queue',
  keys: ['owner', 'index'],
  args: ['token', 'lifeMs'],
  lua: String.raw`
local owner = redis.call('GET', KEYS[1])
local pending = redis.call('HLEN', KEYS[2])
if owner and owner ~= ARGV[1] then return { math.max(1, redis.call('PTTL', KEYS[1])), pending } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 0, pending }
`,
  parse: (reply): OwnReply => {
    const [leftMs, pendingCount] = reply as [number, number];
    return { leftMs, pendingCount };
  },
});
