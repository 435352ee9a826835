/** The examples of docs/keys-and-durations.md, compiled. */
import { duration } from '@nest-strata/cache';
import type { CacheService } from '@nest-strata/cache';

declare const cache: CacheService;
declare const settings: { readonly heroTtl: string };
declare function loadForecast(city: string): Promise<{ readonly goodForMs: number; readonly text: string }>;

// #region durations
await cache.set('greeting', 'hello', { ttl: '5m' });
await cache.set('motto', 'carpe diem', { ttl: 'forever' });
await cache.set('hero:1', { name: 'Luna' }, { ttl: duration(settings.heroTtl) }); // checked when it is read
// #endregion

// #region adaptive
const forecast = await cache.getOrSet('forecast:oslo', async (context) => {
  const loaded = await loadForecast('oslo');
  if (loaded.goodForMs <= 0)
    context.skip(); // returned, not stored
  else context.ttl = `${loaded.goodForMs}ms`;
  return loaded.text;
});
// #endregion
export { forecast };

// #region patterns
await cache.deleteByPattern('session:42:*'); // every key that begins so
await cache.deleteByPattern('price:\\*'); // the key "price:*" alone
for await (const key of cache.keys('hero:?')) console.log(key);
// #endregion

// #region namespaces
const drafts = cache.namespace('drafts', { ttl: '1m' }); // own keys, tags, statistics and clear()
await drafts.set('hero:1', { name: 'Luna?' });
await drafts.clear(); // leaves the rest alone
// #endregion
