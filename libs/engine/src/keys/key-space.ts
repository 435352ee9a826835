import { escapeForServer, KeyGlob } from './key-glob.js';
import { DEFAULT_MAX_KEY_BYTES, escapeNamespacePart, isShortened, segmentOf, unescapeText } from './key-text.js';

const ROOT = 'strata';

/** What a Redis key of a namespace stands for. */
export type KeyMeaning =
  | { readonly kind: 'value' | 'lease'; readonly key: string; readonly valueKey: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'clear' };

/**
 * The Redis keys of one namespace.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:v:<key>` | a value |
 * | `strata:<namespace>:n:{strata:<namespace>:v:<key>}` | the counter of that key, in the same cluster slot |
 * | `strata:<namespace>:t:<tag>` | a tag record |
 * | `strata:<namespace>:l:{strata:<namespace>:v:<key>}` | the lease of that key's load, in the same cluster slot |
 * | `strata:<namespace>:c` | the clear record |
 * | `strata:<namespace>:h:<replication id>` | the latest heartbeat of its caches while Redis had that replication id |
 * | `strata:<namespace>:w:{<queue>}` and what begins so | a write-behind queue: see `writeBehindKeys` |
 * | `strata:<namespace>:b` | the channel of the bus, where there is one |
 *
 * `<namespace>` is the path of names joined with `.`. No two namespaces share a key, and no two user keys: the encoding
 * is injective, up to a SHA-256 collision of keys that are longer than `maxKeyBytes`.
 */
export class KeySpace {
  /** The path's parts, escaped and joined with `.`. */
  readonly namespace: string;
  readonly clearKey: string;
  /** The pub/sub channel of a cache and its namespaces. */
  readonly busChannel: string;
  readonly #path: readonly string[];
  readonly #maxKeyBytes: number;
  readonly #valuePrefix: string;
  readonly #tagPrefix: string;
  readonly #counterPrefix: string;
  readonly #leasePrefix: string;

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
    this.#leasePrefix = `${ROOT}:${this.namespace}:l:`;
    this.clearKey = `${ROOT}:${this.namespace}:c`;
    this.busChannel = `${ROOT}:${this.namespace}:b`;
  }

  /** @throws InvalidKeyError when `key` is empty or no string */
  valueKey(key: string): string {
    return this.#valuePrefix + segmentOf('key', key, this.#maxKeyBytes);
  }

  /** @throws InvalidKeyError when `key` is empty or no string */
  counterKey(key: string): string {
    return `${this.#counterPrefix}{${this.valueKey(key)}}`;
  }

  /** @throws InvalidKeyError when `key` is empty or no string */
  leaseKey(key: string): string {
    return this.leaseOf(this.valueKey(key));
  }

  /** The lease key that goes with a value key. */
  leaseOf(valueKey: string): string {
    return `${this.#leasePrefix}{${valueKey}}`;
  }

  /** @throws InvalidKeyError when `tag` is empty or no string */
  tagKey(tag: string): string {
    return this.#tagPrefix + segmentOf('tag', tag, this.#maxKeyBytes);
  }

  /** One record for each history of the server: see `FailoverWatch`. */
  heartbeatKey(replicationId: string): string {
    return `${ROOT}:${this.namespace}:h:${replicationId}`;
  }

  /**
   * The user's key that a value key stands for; of a shortened one, the shortened text, which is no key to look up with.
   * `undefined` for what is no value key of this namespace.
   */
  userKey(valueKey: string): string | undefined {
    if (!valueKey.startsWith(this.#valuePrefix)) return undefined;
    return readable(valueKey.slice(this.#valuePrefix.length));
  }

  /** What the Redis key of this namespace stands for; names that had to be shortened are given so. */
  meaningOf(redisKey: string): KeyMeaning | undefined {
    if (redisKey === this.clearKey) return { kind: 'clear' };
    const isLease = redisKey.startsWith(this.#leasePrefix);
    const valueKey = isLease ? redisKey.slice(this.#leasePrefix.length + 1, -1) : redisKey;
    const key = this.userKey(valueKey);
    if (key !== undefined) return { kind: isLease ? 'lease' : 'value', key, valueKey };
    return redisKey.startsWith(this.#tagPrefix)
      ? { kind: 'tag', tag: readable(redisKey.slice(this.#tagPrefix.length)) }
      : undefined;
  }

  /** The prefixes of the keys that must be watched so that no change goes unheard; without memory the leases suffice. */
  prefixes(hasMemory: boolean): readonly string[] {
    return hasMemory
      ? [this.#valuePrefix, this.#tagPrefix, this.#leasePrefix, this.clearKey]
      : [this.#tagPrefix, this.#leasePrefix, this.clearKey];
  }

  /** Whether what Redis tells of a key or tag names it as it is, not shortened. */
  isToldInFull(text: string): boolean {
    return text.length * 3 <= this.#maxKeyBytes || !isShortened(segmentOf('key', text, this.#maxKeyBytes));
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

  /** What to `SCAN … MATCH` for to find the values that match a glob, and the leases of their loads. */
  patternWithLeases(glob: string): string {
    return `${escapeForServer(`${ROOT}:${this.namespace}:`)}[vl]:*${new KeyGlob(glob).serverPattern}*`;
  }

  /** The namespace `name` inside this one. */
  child(name: string): KeySpace {
    return new KeySpace([...this.#path, name], this.#maxKeyBytes);
  }
}

/** The namespace of a Redis key, as {@link KeySpace.namespace}; `undefined` for a key of others. */
export function namespaceOf(redisKey: string): string | undefined {
  const start = ROOT.length + 1;
  const end = redisKey.indexOf(':', start);
  return redisKey.startsWith(`${ROOT}:`) && end > 0 ? redisKey.slice(start, end) : undefined;
}

function readable(segment: string): string {
  return isShortened(segment) ? segment : unescapeText(segment);
}
