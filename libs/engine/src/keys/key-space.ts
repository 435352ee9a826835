import { KeyGlob } from './key-glob.js';
import { DEFAULT_MAX_KEY_BYTES, escapeNamespacePart, isShortened, segmentOf, unescapeText } from './key-text.js';

const ROOT = 'strata';

/**
 * The Redis keys of one namespace.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:v:<key>` | a value |
 * | `strata:<namespace>:n:{strata:<namespace>:v:<key>}` | the counter of that key, in the same cluster slot |
 * | `strata:<namespace>:t:<tag>` | a tag record |
 * | `strata:<namespace>:c` | the clear record |
 *
 * `<namespace>` is the path of names joined with `.`. No two namespaces share a key, and no two user keys: the encoding
 * is injective, up to a SHA-256 collision of keys that are longer than `maxKeyBytes`.
 */
export class KeySpace {
  /** The path's parts, escaped and joined with `.`. */
  readonly namespace: string;
  readonly clearKey: string;
  readonly #path: readonly string[];
  readonly #maxKeyBytes: number;
  readonly #valuePrefix: string;
  readonly #tagPrefix: string;
  readonly #counterPrefix: string;

  /**
   * @param path the names from the outermost namespace to this one
   * @param maxKeyBytes a key or tag that takes more bytes is shortened to its beginning and a digest
   * @throws InvalidKeyError when the path is empty, or a part of it is
   */
  constructor(path: string | readonly string[], maxKeyBytes: number = DEFAULT_MAX_KEY_BYTES) {
    this.#path = typeof path === 'string' ? [path] : [...path];
    this.#maxKeyBytes = maxKeyBytes;
    this.namespace = this.#path.length === 0 ? escapeNamespacePart('') : this.#path.map(escapeNamespacePart).join('.');
    this.#valuePrefix = `${ROOT}:${this.namespace}:v:`;
    this.#tagPrefix = `${ROOT}:${this.namespace}:t:`;
    this.#counterPrefix = `${ROOT}:${this.namespace}:n:`;
    this.clearKey = `${ROOT}:${this.namespace}:c`;
  }

  /** @throws InvalidKeyError when `key` is empty or no string */
  valueKey(key: string): string {
    return this.#valuePrefix + segmentOf('key', key, this.#maxKeyBytes);
  }

  /** @throws InvalidKeyError when `key` is empty or no string */
  counterKey(key: string): string {
    return `${this.#counterPrefix}{${this.valueKey(key)}}`;
  }

  /** @throws InvalidKeyError when `tag` is empty or no string */
  tagKey(tag: string): string {
    return this.#tagPrefix + segmentOf('tag', tag, this.#maxKeyBytes);
  }

  /**
   * The user's key that a value key stands for; of a shortened one, the shortened text, which is no key to look up with.
   * `undefined` for what is no value key of this namespace.
   */
  userKey(valueKey: string): string | undefined {
    if (!valueKey.startsWith(this.#valuePrefix)) return undefined;
    const segment = valueKey.slice(this.#valuePrefix.length);
    return isShortened(segment) ? segment : unescapeText(segment);
  }

  /** What {@link userKey} gives for the value key of `key`: `key` itself, unless it had to be shortened. */
  listedKey(key: string): string {
    const segment = segmentOf('key', key, this.#maxKeyBytes);
    return isShortened(segment) ? segment : key;
  }

  /**
   * The keys of this namespace that match a glob. A key longer than `maxKeyBytes` is matched in its shortened form.
   *
   * @throws InvalidGlobError when `glob` is malformed
   */
  glob(glob: string): KeyGlob {
    return new KeyGlob(glob, this.#valuePrefix, (key) => this.listedKey(key));
  }

  /** The namespace `name` inside this one. */
  child(name: string): KeySpace {
    return new KeySpace([...this.#path, name], this.#maxKeyBytes);
  }
}
