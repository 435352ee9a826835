import { InvalidLockOptionsError } from './errors/invalid-lock-options.error.js';

const ROOT = 'strata';
const NEEDS_ESCAPE = /[%{}\p{Cc}]|\p{Surrogate}/gu;
const NEEDS_ESCAPE_IN_NAMESPACE = /[%{}.:\p{Cc}]|\p{Surrogate}/gu;
const MAX_KEY_BYTES = 1024;

/** The Redis keys of one lock, all in one cluster slot. */
export interface LockKeys {
  readonly leases: string;
  readonly queue: string;
  readonly owners: string;
  readonly fence: string;
}

/**
 * The Redis keys of the locks of one namespace. Different names give different keys.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:lock:{<key>}` | who holds the lock, and until when |
 * | `strata:<namespace>:lock:{<key>}:queue` | who waits for it |
 * | `strata:<namespace>:lock:{<key>}:owners` | what is known of those |
 * | `strata:<namespace>:lock:{<key>}:fence` | the last fencing token |
 * | `strata:<namespace>:lock:{<key>}:sync` | written to see that replicas have what came before |
 * | `strata:<namespace>:guard:{<resource>}` | the highest fencing token that a resource has seen |
 * | `strata:<namespace>:inbox:<process>` | the channel on which a process hears that a lock is its own |
 */
export class LockKeySpace {
  /** What the channel of a process begins with. */
  readonly channels: string;
  readonly #prefix: string;

  /** @throws InvalidLockOptionsError when the namespace is empty or no string */
  constructor(namespace: string) {
    checkText('namespace', namespace);
    this.#prefix = `${ROOT}:${namespace.replace(NEEDS_ESCAPE_IN_NAMESPACE, escapeCharacter)}`;
    this.channels = `${this.#prefix}:inbox:`;
  }

  /** @throws InvalidLockOptionsError when the key is empty, no string, or longer than 1024 bytes */
  keysOf(key: string): LockKeys {
    const leases = this.#keyOf('lock', 'key', key);
    return { leases, queue: `${leases}:queue`, owners: `${leases}:owners`, fence: `${leases}:fence` };
  }

  /** @throws InvalidLockOptionsError as {@link keysOf} */
  syncKey(key: string): string {
    return `${this.#keyOf('lock', 'key', key)}:sync`;
  }

  /** @throws InvalidLockOptionsError as {@link keysOf} */
  guardKey(resource: string): string {
    return this.#keyOf('guard', 'resource', resource);
  }

  #keyOf(kind: string, role: string, text: string): string {
    checkText(role, text);
    return `${this.#prefix}:${kind}:{${text.replace(NEEDS_ESCAPE, escapeCharacter)}}`;
  }
}

function checkText(role: string, given: unknown): void {
  if (typeof given !== 'string' || given === '') {
    const shown = given === '' ? 'is empty' : `is of type ${given === null ? 'null' : typeof given}`;
    throw new InvalidLockOptionsError(role, `${shown}. Give a text such as 'story:1', and check what it is made from`);
  }
  if (Buffer.byteLength(given) > MAX_KEY_BYTES) {
    throw new InvalidLockOptionsError(role, `is longer than ${MAX_KEY_BYTES} bytes. Give a digest of it`);
  }
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16).toUpperCase();
  return code > 0xff ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
}
