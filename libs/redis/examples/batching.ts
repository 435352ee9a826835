/** The example of this package's README, compiled. */

// #region batching
import { createRedis, defineScript } from '@nest-strata/redis';

const redis = createRedis({ url: 'redis://localhost:6379' }); // connects at the first call

const addUpTo = defineScript({
  name: 'add-up-to',
  keys: ['counter'],
  args: ['limit'],
  lua: `
    local count = tonumber(redis.call('GET', KEYS[1]) or 0)
    if count >= tonumber(ARGV[1]) then return count end
    return redis.call('INCR', KEYS[1])`,
  parse: Number,
});

// One write to the socket: SET, the script and one MGET of two keys.
const [, visits, [hero], [villain]] = await Promise.all([
  redis.send('SET', ['hero:1', 'Ada', 'PX', 60_000]),
  redis.run(addUpTo, { counter: 'visits' }, { limit: 100 }),
  redis.read(['hero:1']),
  redis.read(['villain:1']),
]);
console.log(visits, hero?.toString(), villain); // 1 Ada null
await redis.close();
// #endregion
