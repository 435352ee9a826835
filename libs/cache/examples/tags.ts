/** The examples of docs/tags.md, compiled. */
import type { CacheService } from '@nest-strata/cache';

interface Story {
  readonly id: string;
  readonly heroIds: readonly string[];
}

declare const cache: CacheService;
declare function findStories(childId: string): Promise<Story[]>;

// #region named
const stories = await cache.getOrSet('stories:of:ada', () => findStories('ada'), { tags: ['child:ada', 'stories'] });

await cache.deleteByTag('child:ada'); // one command, however many entries carry it
await cache.deleteByTag('stories', 'heroes'); // what carries any of them
await cache.clear(); // everything of this cache
// #endregion
export { stories };

// #region derived
const tagged = await cache.getOrSet('stories:of:ben', async (context) => {
  const found = await findStories('ben');
  context.tags.push(...found.flatMap(({ heroIds }) => heroIds.map((id) => `hero:${id}`)));
  return found;
});
// #endregion
export { tagged };

// #region expire
await cache.expire('stories:of:ada'); // stale: no hit any more, but there if the loader fails
await cache.delete('stories:of:ada'); // gone, whatever happens
// #endregion
