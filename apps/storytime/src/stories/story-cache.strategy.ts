import { CacheStrategy, list } from '@nest-strata/cache';
import { Story } from './story.entity.js';

/** Stories by id, by child, by language and all of them; with their audio files, lengths and ratings as what they are. */
export class StoryCacheStrategy extends CacheStrategy<Story, string> {
  readonly entity = Story;
  readonly ttl = '10m';
  override readonly lists = {
    findByChild: list<Story>('childId'),
    findByLanguage: list<Story>('language'),
  };

  id(story: Story): string {
    return story.id;
  }
}
