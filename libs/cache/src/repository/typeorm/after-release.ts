import { wrapMethod } from '../wrap-method.js';
import type { QueryRunnerShape } from './typeorm-shapes.js';

type Work = () => Promise<void>;

/** What waits for connections to be given back. */
const waiting = new WeakMap<QueryRunnerShape, Work[]>();

/**
 * Runs work that may need a connection: not before this one is given back, as all others may be held by callers who wait
 * for the same. The `release` that gives it back waits for the work, and so do the writes of TypeORM, which await that.
 * Where a driver has one connection for everybody, nobody waits for another, and the work is done at once.
 *
 * @param work must not reject
 */
export async function afterRelease(connection: QueryRunnerShape, work: Work): Promise<void> {
  if (isForEverybody(connection)) return work();
  const others = waiting.get(connection);
  if (others !== undefined) {
    others.push(work);
    return;
  }
  waiting.set(connection, [work]);
  wrapMethod(connection, 'release', async (_, proceed) => {
    await proceed();
    const works = waiting.get(connection)?.splice(0) ?? [];
    await Promise.all(works.map((each) => each()));
  });
}

function isForEverybody(connection: QueryRunnerShape): boolean {
  return connection.manager.dataSource.driver.createQueryRunner('master') === connection;
}
