import { createHash } from 'node:crypto';
import { channelOf, leaseKey, VALUE, valueKey } from './key-space.js';
import { command } from './resp.js';

/** A change of a key, as one or more commands, each sent after the answer to the one before. */
export interface Operation {
  readonly steps: readonly { readonly send: (index: number) => string; readonly replyBytes: number }[];
}

const TTL_MS = 3_600_000;
const LEASE_MS = 2_000;
const SOURCE = 'process-0';
const OK_BYTES = '+OK\r\n'.length;
const ONE_BYTES = ':1\r\n'.length;

const SET = `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`;
const FILL = `${SET} redis.call('DEL', KEYS[2])`;

/** The scripts that must be loaded before an operation is used. */
export const scripts = {
  set: `${SET} return 1`,
  setAndPublish: `${SET} redis.call('PUBLISH', ARGV[3], ARGV[4]) return 1`,
  fill: `${FILL} return 1`,
  fillAndPublish: `${FILL} redis.call('PUBLISH', ARGV[3], ARGV[4]) return 1`,
};

const digests = new Map(
  Object.values(scripts).map((script) => [script, createHash('sha1').update(script).digest('hex')]),
);

/** `SET` with a time to live. */
export function set(caches = 1): Operation {
  return { steps: [{ send: (index) => setCommand(valueKey(index, caches)), replyBytes: OK_BYTES }] };
}

/** The same in a script. */
export function scriptedSet(): Operation {
  return { steps: [{ send: (index) => evaluate(scripts.set, [valueKey(index)]), replyBytes: ONE_BYTES }] };
}

/** `SET` and `PUBLISH` in one script; on one channel, or on one for each cache. */
export function setAndPublish(caches = 1, channels = 1): Operation {
  const send = (index: number) => {
    const key = valueKey(index, caches);
    return evaluate(scripts.setAndPublish, [key], channelOf(index % channels), `${SOURCE}\n${key}`);
  };
  return { steps: [{ send, replyBytes: ONE_BYTES }] };
}

/** What a miss does to Redis: it takes the lease, then stores the value and gives the lease back. */
export function load({ publish }: { readonly publish: boolean }): Operation {
  const lease = (index: number) => command('SET', leaseKey(index), SOURCE, 'NX', 'PX', LEASE_MS);
  const fill = (index: number) => {
    const keys = [valueKey(index), leaseKey(index)];
    if (!publish) return evaluate(scripts.fill, keys);
    return evaluate(scripts.fillAndPublish, keys, channelOf(0), [SOURCE, ...keys].join('\n'));
  };
  return {
    steps: [
      { send: lease, replyBytes: OK_BYTES },
      { send: fill, replyBytes: ONE_BYTES },
    ],
  };
}

function setCommand(key: string): string {
  return command('SET', key, VALUE, 'PX', TTL_MS);
}

function evaluate(script: string, keys: readonly string[], ...more: readonly string[]): string {
  return command('EVALSHA', digests.get(script) ?? '', keys.length, ...keys, VALUE, TTL_MS, ...more);
}
