import { FenceGuard, LockLostError, LockService } from '@nest-strata/coordination';
import { createRedis } from '@nest-strata/redis';
import type { Pool } from 'pg';

interface Story {
  readonly childId: string;
  readonly text: string;
}
declare function write(childId: string, signal: AbortSignal): Promise<Story>;
declare const pool: Pool;

// #region with-lock
const redis = createRedis({ url: 'redis://localhost:6379' });
const locks = LockService.create({ namespace: 'storytime' }, { redis });

const story = await locks.withLock('story:Ada', { ttl: '10s', wait: '5s' }, async (lock) => {
  const written = await write('Ada', lock.signal); // aborted when the lock may be somebody else's
  lock.assertHeld(); // throws if it is not ours for certain, at this moment
  return written;
});
// #endregion

// #region fence
await locks.withLock('story:Ada', async ({ fence }) => {
  const { rowCount } = await pool.query(`UPDATE story SET text = $1, fence = $2 WHERE child_id = $3 AND fence <= $2`, [
    story.text,
    BigInt(`0x${fence}`),
    story.childId,
  ]);
  if (rowCount === 0) throw new Error('another holder of the lock has written since');
});
// #endregion

// #region guard
const guard = new FenceGuard(redis, { namespace: 'storytime' });
await locks.withLock('story:Ada', async ({ fence }) => {
  await guard.set('story:Ada', fence, 'latest:{story:Ada}', story.text); // or StaleFenceError, and nothing written
});
// #endregion

// #region several
await locks.withLock(['account:1', 'account:2'], { wait: '2s' }, async (both) => {
  both.assertHeld(); // all of them, or it throws
});

const lock = await locks.tryAcquire('nightly-report'); // undefined: somebody else is at it
if (lock !== undefined) {
  try {
    lock.signal.throwIfAborted();
  } catch (error) {
    if (!(error instanceof LockLostError)) throw error;
  } finally {
    await lock.release();
  }
}
// #endregion

// #region shared
const book = locks.readWriteLock('book');
await book.withRead({ wait: '1s' }, () => undefined); // beside other readers
await book.withWrite({ wait: '5s' }, () => undefined); // alone

const printers = locks.semaphore('printer', 3);
await printers.withPermit({ wait: '30s' }, () => undefined); // beside two others
// #endregion

await locks.close();
await redis.close();
