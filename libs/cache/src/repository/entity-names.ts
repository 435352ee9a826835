/**
 * The names of an entity's entries and tags. An entry and the tag that stands for its contents share one:
 *
 * | name | entry | tag: changes when |
 * |---|---|---|
 * | `hero:1` | the hero with the id 1 | that hero changes |
 * | `hero.findByLanguage:en` | the result of `findByLanguage('en')` | a hero enters or leaves the list, or changes in it |
 * | `hero.all` | the result of `findAll()` | any hero changes |
 * | `hero` | – | nobody knows which hero changed |
 */
export class EntityNames {
  readonly all: string;

  /** @param everything the entity's name, without `.` and `:`, so that no two entities share a name */
  constructor(readonly everything: string) {
    this.all = `${everything}.all`;
  }

  id(idText: string): string {
    return `${this.everything}:${idText}`;
  }

  index(method: string, key: string): string {
    return `${this.everything}.${method}:${key}`;
  }
}
