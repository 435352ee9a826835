import { defineScript } from '@nest-strata/redis';
import { parseEntry, type StreamEntry } from './stream-entry.js';

/** What a claim has found. */
export interface Claim {
  readonly claimed: readonly StreamEntry[];
  /** Those that were handed out too often: they are dead letters now. */
  readonly buried: readonly { readonly entry: StreamEntry; readonly deliveries: number }[];
  /** How many were trimmed before anybody dealt with them. */
  readonly lostCount: number;
}

/**
 * Takes over messages of which nobody has given a sign of life for a while, to be handled again: their process is gone, or
 * they failed and are due. Those that were handed out often enough become dead letters instead, which ends what brings
 * down every process that handles it.
 *
 * KEYS[1] stream; KEYS[2] dead: the stream of the dead letters; ARGV[1] group; ARGV[2] consumer: who takes them;
 * ARGV[3] idleMs: how long the silence must be; ARGV[4] count: how many at most; ARGV[5] maxDeliveries; ARGV[6] keepDead.
 * Returns three lists: {id, fields, deliveries} of what was claimed, the same of what was buried, ids that are trimmed.
 */
export const claimMessages = defineScript({
  name: 'claim-messages',
  keys: ['stream', 'dead'],
  args: ['group', 'consumer', 'idleMs', 'count', 'maxDeliveries', 'keepDead'],
  lua: `
    local claimed, buried, lost = {}, {}, {}
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4])
    for _, item in ipairs(pending) do
      local id, deliveries = item[1], item[4]
      local found = redis.call('XRANGE', KEYS[1], id, id)
      if #found == 0 then
        redis.call('XACK', KEYS[1], ARGV[1], id)
        lost[#lost + 1] = id
      elseif deliveries >= tonumber(ARGV[5]) then
        local fields = found[1][2]
        local letter = {'id', id, 'g', ARGV[1], 'n', deliveries, 'r', 'every process that handled it went away'}
        for _, field in ipairs(fields) do letter[#letter + 1] = field end
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', unpack(letter))
        redis.call('XACK', KEYS[1], ARGV[1], id)
        buried[#buried + 1] = {id, fields, deliveries}
      else
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)
        claimed[#claimed + 1] = {id, found[1][2], deliveries + 1}
      end
    end
    return {claimed, buried, lost}`,
  parse: (reply): Claim => {
    const [claimed, buried, lost] = reply as [unknown[], unknown[], unknown[]];
    return {
      claimed: claimed.map(parseEntry),
      buried: buried.map((item) => ({ entry: parseEntry(item), deliveries: parseEntry(item).delivery })),
      lostCount: lost.length,
    };
  },
});
