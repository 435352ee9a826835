import { defineScript } from '@nest-strata/redis';

/**
 * Forgets limits of a subject.
 *
 * KEYS[1]  the hash of the subject
 * ARGV[1]  the policies as a JSON array; empty: all
 *
 * Returns how many fields were removed. O(policies). The keys of policies that have their own are made from KEYS[1], with
 * which they share the slot.
 */
export const forgetLimitsScript = defineScript({
  name: 'forget-limits',
  keys: ['subject'],
  args: ['policies'],
  lua: String.raw`
local policies = ARGV[1] == '' and redis.call('HKEYS', KEYS[1]) or cjson.decode(ARGV[1])
local removed = 0
for _, policy in ipairs(policies) do
  removed = removed + redis.call('HDEL', KEYS[1], policy)
  redis.call('DEL', KEYS[1] .. ':' .. policy)
end
return removed
`,
  parse: Number,
});
