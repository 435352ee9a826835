/** The example of watching in this package's README, compiled. */

// #region watching
import { createRedis } from '@nest-strata/redis';

const redis = createRedis({ url: 'redis://localhost:6379' });
const copies = new Map<string, Buffer | null>();
let news = 0;

const watch = redis.watch(
  { mode: 'auto', channel: 'hero-changes', heartbeatMs: 300 },
  {
    changed: (keys) => {
      news++;
      for (const key of keys) copies.delete(key);
    },
    armed: () => {
      news++;
      copies.clear(); // what was before is unknown
    },
    lost: (reason) => console.warn(`Changes may go unheard: ${reason}`),
  },
);
watch.follow(['hero:']); // connects, and calls armed(['hero:'])

/** What Redis holds, or held less than a second ago. */
async function find(key: string): Promise<Buffer | null> {
  const copy = copies.get(key);
  if (copy !== undefined && performance.now() - watch.heardUpToMs < 1_000) return copy;
  const newsBefore = news;
  const [value = null] = await redis.read([key]);
  if (news === newsBefore) copies.set(key, value); // else it may have changed since it was read
  return value;
}
// #endregion

await redis.connect();
console.log(await find('hero:1'));
await redis.close();
