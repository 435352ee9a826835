/** The examples of docs/quotas.md, compiled. */
declare function notify(userId: string, text: string): void;
declare function generate(prompt: string): Promise<{ readonly text: string; readonly tokens: number }>;
declare const userId: string;
declare const prompt: string;
declare const requestId: string;

// #region quick-start
import { createRedis } from '@nest-strata/redis';
import { QuotaService } from '@nest-strata/rate-limit';

const redis = createRedis({ url: 'redis://localhost:6379' });
const quotas = QuotaService.create(
  {
    namespace: 'storytime',
    quotas: [
      { name: 'api_calls', limits: { daily: 1_000, monthly: 20_000 }, timeZone: 'Europe/Berlin' },
      { name: 'tokens', limits: { billing: 500_000 }, billingDay: 31 },
    ],
  },
  { redis },
);

const { isAllowed, periods } = await quotas.consume({ user: userId, quota: 'api_calls' });
for (const { id, used, limit } of periods) console.log(`${id}: ${used} of ${limit}`);
// #endregion

// #region reserve
const reservation = await quotas.reserve({ user: userId, quota: 'tokens', cost: 4_000, ttl: '2m' });
try {
  const { tokens } = await generate(prompt);
  await reservation.commit(tokens);
} catch (error) {
  await reservation.cancel();
  throw error;
}
// #endregion

// #region repeat
await quotas.consume({ user: userId, quota: 'api_calls', cost: 5, id: requestId });
// #endregion

// #region thresholds
quotas.listen((event) => {
  if (event.type !== 'threshold') return;
  notify(event.user, `You have used ${event.percent} % of your ${event.quota} of ${event.period}.`);
});
// #endregion

// #region history
const days = await quotas.history({ user: userId, quota: 'api_calls' }, 'daily', 7);
console.log(days.map(({ id, used }) => `${id}: ${used}`).join('\n'));
// #endregion
export { isAllowed };
