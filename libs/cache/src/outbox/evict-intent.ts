/** What is to be evicted from which cache, in a form that can be kept. */
export interface EvictIntent {
  /** The name of a named cache; `null` is the application's own. */
  readonly cache: string | null;
  readonly kind: 'key' | 'tag' | 'clear';
  /** Keys or tags; nothing for `clear`. */
  readonly targets: readonly string[];
}

/** The caches that intents are about, as far as these need them. */
export interface EvictableCache {
  deleteMany(keys: readonly string[]): Promise<{ readonly confirmed: boolean }>;
  deleteByTag(...tags: string[]): Promise<{ readonly confirmed: boolean }>;
  clear(): Promise<{ readonly confirmed: boolean }>;
}

/**
 * The targets as JSON in nothing but ASCII. Keys and tags are any strings, and PostgreSQL takes neither U+0000 nor half
 * of a surrogate pair in a text, nor what the encoding of the database lacks; as escapes in a column of type `json`, all.
 */
export function encodeTargets(targets: readonly string[]): string {
  return JSON.stringify(targets).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Evicts.
 *
 * @param kind, targets as a row has them, which anybody may have written
 * @throws RangeError when they mean nothing
 */
export async function carryOut(cache: EvictableCache, kind: string, targets: string): Promise<boolean> {
  const parsed: unknown = JSON.parse(targets);
  if (kind === 'clear') return (await cache.clear()).confirmed;
  if (!isListOfTexts(parsed)) throw new RangeError('its targets are no list of texts');
  if (kind === 'key') return (await cache.deleteMany(parsed)).confirmed;
  if (kind === 'tag') return (await cache.deleteByTag(...parsed)).confirmed;
  throw new RangeError(`there is no kind of evict called ${JSON.stringify(kind)}`);
}

function isListOfTexts(given: unknown): given is string[] {
  return Array.isArray(given) && given.every((text) => typeof text === 'string');
}
