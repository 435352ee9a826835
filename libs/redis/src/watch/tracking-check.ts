import type { RedisLink } from '../connection/redis-link.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';

type Question = (link: RedisLink, subscriberId: number, timeoutMs: number) => Promise<boolean>;

const BROKEN_REDIRECT = Buffer.from('broken_redirect');

/** Not known to Redis 6.0. Tracking that is off has no redirection (-1). */
const askTrackingInfo: Question = async (link, subscriberId, timeoutMs) => {
  const reply = (await link.ask('CLIENT', ['TRACKINGINFO'], timeoutMs)) as [unknown, Buffer[], unknown, number];
  const [, flags, , redirection] = reply;
  return redirection === subscriberId && !flags.some((flag) => flag.equals(BROKEN_REDIRECT));
};

const askRedirection: Question = async (link, subscriberId, timeoutMs) =>
  (await link.ask('CLIENT', ['GETREDIR'], timeoutMs)) === subscriberId;

/** Nobody but us turns tracking off, so that an answer over the same connection will do. */
const askForAnAnswer: Question = async (link, _subscriberId, timeoutMs) => {
  await link.ping(timeoutMs);
  return true;
};

/** Asks whether a connection still tracks, by the best question that the server permits, which it finds out once. */
export class TrackingCheck {
  readonly #questions = [askTrackingInfo, askRedirection];

  /** @throws RedisUnavailableError when there is no answer */
  async isTracking(link: RedisLink, subscriberId: number, timeoutMs: number): Promise<boolean> {
    for (;;) {
      const [question = askForAnAnswer] = this.#questions;
      try {
        return await question(link, subscriberId, timeoutMs);
      } catch (error) {
        if (!(error instanceof RedisReplyError) || question === askForAnAnswer) throw error;
        if (this.#questions[0] === question) this.#questions.shift();
      }
    }
  }
}
