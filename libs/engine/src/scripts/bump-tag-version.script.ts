import { defineScript } from '@nest-strata/redis';
import { ANNOUNCE } from './announcement.js';

/**
 * Gives a tag a newer version, so that every entry that carries the old one is invalid.
 *
 * KEYS[1]  the tag record: a version as 16 hex digits
 * ARGV[1]  the channel to announce the change on, or empty
 * ARGV[2]  the source of the announcement
 *
 * Returns 1, or 0 when there is no record: then no entry with the tag is valid anyway, and the next load makes one. O(1).
 *
 * The version is max(previous + 1, server time in µs): it grows even where the server's clock steps back. The record
 * keeps its time to live.
 */
export const bumpTagVersionScript = defineScript({
  name: 'bump-tag-version',
  keys: ['record'],
  args: ['channel', 'source'],
  lua: `${ANNOUNCE}${String.raw`
announce(KEYS[1])
local previous = redis.call('GET', KEYS[1])
if not previous then return 0 end
local time = redis.call('TIME')
local version = math.max((tonumber(previous, 16) or 0) + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[1], string.format('%016x', version), 'KEEPTTL')
return 1
`}`,
  parse: (reply) => reply === 1,
});
