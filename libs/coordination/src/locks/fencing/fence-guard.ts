import { durationToMs, isDuration } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { defineScript } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { InvalidLockOptionsError } from '../errors/invalid-lock-options.error.js';
import { StaleFenceError } from '../errors/stale-fence.error.js';
import { LockKeySpace } from '../lock-keys.js';

/**
 * The Lua function `fence_admits(guard, token, life_ms)`, for scripts of your own: whether a token is as high as any that
 * the key `guard` has seen, which it then remembers for `life_ms`. Call it before you write, in the same script.
 */
export const FENCE_ADMITS = String.raw`
local function fence_admits(guard, token, life_ms)
  local given = tonumber(token, 16)
  if not given then return false end
  local seen = tonumber(redis.call('GET', guard) or '0', 16) or 0
  if given < seen then return false end
  redis.call('SET', guard, token, 'PX', life_ms)
  return true
end
`;

/**
 * Lets a fencing token pass, or refuses it.
 *
 * KEYS[1]  the guard of the resource: the highest token that it has seen, 16 hex digits
 * ARGV[1]  the token
 * ARGV[2]  how long the guard remembers it, in ms
 *
 * Returns 1 if the token is as high as any before, else 0. O(1).
 */
const admitFenceScript = defineScript({
  name: 'admit-fence',
  keys: ['guard'],
  args: ['token', 'lifeMs'],
  lua: `${FENCE_ADMITS}
return fence_admits(KEYS[1], ARGV[1], ARGV[2]) and 1 or 0
`,
  parse: (reply) => reply === 1,
});

/**
 * Writes a value, unless a higher token has written before.
 *
 * KEYS[1]  the guard of the resource: the highest token that it has seen, 16 hex digits
 * KEYS[2]  where the value goes
 * ARGV[1]  the token
 * ARGV[2]  how long the guard remembers it, in ms
 * ARGV[3]  the value
 * ARGV[4]  how long the value lives, in ms; 0: for ever
 *
 * Returns 1 if it was written, else 0. O(1).
 */
const setFencedScript = defineScript({
  name: 'set-fenced',
  keys: ['guard', 'target'],
  args: ['token', 'lifeMs', 'value', 'valueMs'],
  lua: `${FENCE_ADMITS}
if not fence_admits(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
if ARGV[4] == '0' then redis.call('SET', KEYS[2], ARGV[3]) else redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
return 1
`,
  parse: (reply) => reply === 1,
});

/** What a {@link FenceGuard} is made with. */
export interface FenceGuardOptions {
  /** What its Redis keys begin with, after `strata:`. */
  readonly namespace: string;
  /**
   * How long a token is remembered since the last one passed; default `'7d'`. It must be longer than any holder can sleep:
   * after it, a holder from before would be let in.
   */
  readonly life?: Duration;
}

const DEFAULT_LIFE: Duration = '7d';
const MAX_LIFE_MS = 10 * 365 * 86_400_000;
const FENCE = /^[0-9a-f]{16}$/;

/**
 * Stands before a resource, and refuses those who held its lock before somebody else did: a process that was stopped, or
 * that a failover took the lock from, and that goes on writing. The resource is safe by that, not by the lock.
 *
 * A token passes as often as it likes until a higher one has. In a database, let the row itself be the guard:
 * `UPDATE … SET …, fence = $1 WHERE id = $2 AND fence <= $1`.
 */
export class FenceGuard {
  readonly #redis: RedisPort;
  readonly #keySpace: LockKeySpace;
  readonly #lifeMs: number;

  /** @throws InvalidLockOptionsError */
  constructor(redis: RedisPort, { namespace, life = DEFAULT_LIFE }: FenceGuardOptions) {
    this.#redis = redis;
    this.#keySpace = new LockKeySpace(namespace);
    this.#lifeMs = isDuration(life) ? durationToMs(life) : NaN;
    if (this.#lifeMs >= 1 && this.#lifeMs <= MAX_LIFE_MS) return;
    throw new InvalidLockOptionsError('life', `is ${life}. Give a duration up to 3650 days, such as '7d'`);
  }

  /** The key that remembers, for a script that calls {@link FENCE_ADMITS}. */
  keyOf(resource: string): string {
    return this.#keySpace.guardKey(resource);
  }

  /**
   * Lets a token pass. What is written after it may still come after what another holder wrote in between: where the
   * resource is in Redis, write with {@link set} or with {@link FENCE_ADMITS}.
   *
   * @throws StaleFenceError when a higher one has passed; InvalidLockOptionsError when it is no token; as `RedisPort`
   */
  async admit(resource: string, fence: string): Promise<void> {
    checkFence(fence);
    const guard = this.keyOf(resource);
    const isAdmitted = await this.#redis.run(admitFenceScript, { guard }, { token: fence, lifeMs: this.#lifeMs });
    if (!isAdmitted) throw new StaleFenceError(resource, fence);
  }

  /**
   * Writes a value under a Redis key (of the same cluster slot as {@link keyOf}), if the token passes.
   *
   * @param ttl how long the value lives; default `'forever'`
   * @throws StaleFenceError when a higher one has passed, and nothing was written; InvalidLockOptionsError; as `RedisPort`
   */
  async set(
    resource: string,
    fence: string,
    target: string,
    value: string | Buffer,
    ttl: Duration = 'forever',
  ): Promise<void> {
    checkFence(fence);
    const valueMs = durationToMs(ttl);
    const keys = { guard: this.keyOf(resource), target };
    const isWritten = await this.#redis.run(setFencedScript, keys, {
      token: fence,
      lifeMs: this.#lifeMs,
      value,
      valueMs: valueMs === Infinity ? 0 : Math.max(1, Math.floor(valueMs)),
    });
    if (!isWritten) throw new StaleFenceError(resource, fence);
  }
}

function checkFence(given: unknown): void {
  if (typeof given === 'string' && FENCE.test(given)) return;
  throw new InvalidLockOptionsError('fence', `is no token. Give lock.fence, which is 16 hex digits`);
}
