import { defineScript } from '@nest-strata/redis';

/** Whether a message is (still) with a consumer, as a Lua function. */
const IS_MINE = `
    local function isMine(id)
      local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)
      return #pending > 0 and pending[1][2] == ARGV[2]
    end`;

/**
 * Gives a message that failed back, to be claimed after a while, unless somebody else has it by now.
 *
 * KEYS[1] stream; ARGV[1] group; ARGV[2] consumer: who had it; ARGV[3] id; ARGV[4] idleMs: for how long it is to count as
 * silent already. Returns 1, or 0 when somebody else has it.
 */
export const releaseMessage = defineScript({
  name: 'release-message',
  keys: ['stream'],
  args: ['group', 'consumer', 'id', 'idleMs'],
  lua: `${IS_MINE}
    if not isMine(ARGV[3]) then return 0 end
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[4], 'JUSTID')
    return 1`,
  parse: Number,
});

/**
 * Shows that messages are being dealt with, so that nobody else claims them.
 *
 * KEYS[1] stream; ARGV[1] group; ARGV[2] consumer; ARGV[3] ids, with commas between. Returns how many are still with it.
 */
export const renewMessages = defineScript({
  name: 'renew-messages',
  keys: ['stream'],
  args: ['group', 'consumer', 'ids'],
  lua: `${IS_MINE}
    local count = 0
    for id in string.gmatch(ARGV[3], '[^,]+') do
      if isMine(id) then
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', 0, 'JUSTID')
        count = count + 1
      end
    end
    return count`,
  parse: Number,
});

/**
 * Puts a message among the dead letters, unless somebody has dealt with it, or did so before.
 *
 * KEYS[1] stream; KEYS[2] dead; ARGV[1] group; ARGV[2] id; ARGV[3] channel; ARGV[4] message; ARGV[5] deliveries;
 * ARGV[6] reason; ARGV[7] keepDead. Returns 1 if it did.
 */
export const buryMessage = defineScript({
  name: 'bury-message',
  keys: ['stream', 'dead'],
  args: ['group', 'id', 'channel', 'message', 'deliveries', 'reason', 'keepDead'],
  lua: `
    if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], '*', 'c', ARGV[3], 'd', ARGV[4],
      'id', ARGV[2], 'g', ARGV[1], 'n', ARGV[5], 'r', ARGV[6])
    return 1`,
  parse: Number,
});

/**
 * Hands a dead letter to its group once more, as a new message.
 *
 * KEYS[1] stream; KEYS[2] dead; ARGV[1] id of the dead letter; ARGV[2] keep; ARGV[3] bell. Returns 1, or 0 when there is none.
 */
export const redeliverMessage = defineScript({
  name: 'redeliver-message',
  keys: ['stream', 'dead'],
  args: ['id', 'keep', 'bell'],
  lua: `
    local found = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
    if #found == 0 then return 0 end
    local fields = {}
    for index = 1, #found[1][2], 2 do fields[found[1][2][index]] = found[1][2][index + 1] end
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'c', fields.c, 'd', fields.d, 'g', fields.g)
    redis.call('XDEL', KEYS[2], ARGV[1])
    redis.call('PUBLISH', ARGV[3], '')
    return 1`,
  parse: Number,
});

/**
 * Removes consumers that are gone and have nothing left: one by name, and all that were silent for long.
 *
 * KEYS[1] stream; ARGV[1] group; ARGV[2] consumer: the one, or empty; ARGV[3] idleMs. Returns how many.
 */
export const removeConsumers = defineScript({
  name: 'remove-consumers',
  keys: ['stream'],
  args: ['group', 'consumer', 'idleMs'],
  lua: `
    local count = 0
    for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
      local consumer = {}
      for index = 1, #flat, 2 do consumer[flat[index]] = flat[index + 1] end
      local isGone = consumer.name == ARGV[2] or consumer.idle >= tonumber(ARGV[3])
      if isGone and consumer.pending == 0 then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
        count = count + 1
      end
    end
    return count`,
  parse: Number,
});
