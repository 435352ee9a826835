import { defineScript } from '@nest-strata/redis';

/**
 * Adds a message to a stream, and tells those who read it that there is something.
 *
 * KEYS[1] stream; ARGV[1] keep: about how many entries it keeps; ARGV[2] channel: the name with its parameters;
 * ARGV[3] message: its envelope; ARGV[4] bell: the pub/sub channel of those who read.
 * Returns how many connections were told.
 */
export const appendMessage = defineScript({
  name: 'append-message',
  keys: ['stream'],
  args: ['keep', 'channel', 'message', 'bell'],
  lua: `
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'c', ARGV[2], 'd', ARGV[3])
    return redis.call('PUBLISH', ARGV[4], '')`,
  parse: Number,
});
