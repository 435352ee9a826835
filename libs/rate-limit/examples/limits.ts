/** The examples of the README and of docs/rate-limits.md, compiled. */
import type { RateLimitResult } from '@nest-strata/rate-limit';

declare function planOf(userId: string): Promise<'free' | 'pro'>;
declare function writeStory(): Promise<string>;
declare const userId: string;
declare const address: string;
declare const signal: AbortSignal;
declare function respond(status: number, headers: Readonly<Record<string, string>>, body?: unknown): void;

// #region quick-start
import { createRedis } from '@nest-strata/redis';
import { RateLimiter } from '@nest-strata/rate-limit';

const redis = createRedis({ url: 'redis://localhost:6379', deadline: '50ms' });
const limiter = RateLimiter.create(
  {
    namespace: 'storytime',
    policies: [
      { name: 'burst', algorithm: 'leaky-bucket', limit: 60, window: '1m', burst: 10 },
      { name: 'sustained', algorithm: 'sliding-window', limit: 1_000, window: '1d' },
    ],
  },
  { redis }, // left out: this process alone
);

const result = await limiter.consume({ subject: `user:${userId}` });
if (!result.isAllowed) console.log(`Try again in ${result.retryAfterMs} ms.`);
// #endregion

// #region subjects
await limiter.consume({
  subject: { burst: `ip:${address}`, sustained: `user:${userId}` },
  cost: { sustained: 5 },
});
// #endregion

// #region run
const places = RateLimiter.create(
  {
    namespace: 'storytime',
    policies: [
      { name: 'at-once', algorithm: 'concurrency', limit: 3, lease: '30s' },
      { name: 'paced', algorithm: 'leaky-queue', limit: 10, window: '1s', maxWait: '5s' },
    ],
  },
  { redis },
);
const story = await places.run({ subject: 'text-provider', signal }, () => writeStory());
// #endregion

// #region plans
import { policiesByPlan } from '@nest-strata/rate-limit';

const byPlan = RateLimiter.create(
  {
    namespace: 'storytime',
    resolve: policiesByPlan(
      {
        free: [{ name: 'api', algorithm: 'leaky-bucket', limit: 60, window: '1m' }],
        pro: [{ name: 'api', algorithm: 'leaky-bucket', limit: 600, window: '1m' }],
      },
      ({ context }) => planOf(context as string),
    ),
  },
  { redis },
);
await byPlan.consume({ subject: `user:${userId}`, context: userId });
// #endregion

// #region away
const careful = RateLimiter.create(
  {
    namespace: 'storytime',
    whenAway: 'local',
    localShare: 0.1, // of ten processes
    policies: [
      { name: 'reads', algorithm: 'sliding-window', limit: 1_000, window: '1m', whenAway: 'open' },
      { name: 'logins', algorithm: 'sliding-log', limit: 5, window: '15m', whenAway: 'closed' },
      { name: 'stories', algorithm: 'leaky-bucket', limit: 20, window: '1h' },
    ],
    escalation: { after: 20, blocks: ['1m', '10m', '1h'], forgetAfter: '1d' },
  },
  { redis },
);
careful.listen((event) => {
  if (event.type === 'degraded') console.log('Redis is away:', event.error);
});
// #endregion

// #region headers
import { PROBLEM_MEDIA_TYPE, rateLimitHeaders, rateLimitProblem } from '@nest-strata/rate-limit';

function answer(outcome: RateLimitResult): void {
  const headers = rateLimitHeaders(outcome);
  if (outcome.isAllowed) return respond(200, headers);
  const problem = rateLimitProblem(outcome);
  respond(problem.status, { ...headers, 'Content-Type': PROBLEM_MEDIA_TYPE }, problem);
}
// #endregion
export { answer, story };
