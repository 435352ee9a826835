import type { Machine } from './machine.js';
import { locatePostgres } from './postgres-binaries.js';
import { locateRedisServer } from './redis-binary.js';
import { SystemMachine } from './system-machine.js';

/** Which servers a test run is going to start. */
export interface ServersToProvision {
  readonly redis?: boolean;
  /** Nothing is looked for when `DATABASE_URL` names a server. */
  readonly postgres?: boolean;
}

/**
 * Finds or installs the programs of servers before the tests run, so that no test waits for an installation: call it in
 * the global set-up of your runner. Processes started afterwards are told through `REDIS_SERVER_BIN` and
 * `POSTGRES_BIN_DIR`.
 *
 * @throws MissingServerError when one is missing and may not, or could not, be installed
 */
export async function provisionServers({ redis = false, postgres = false }: ServersToProvision): Promise<void> {
  if (redis) process.env['REDIS_SERVER_BIN'] = await redisServerBinary();
  if (postgres && !process.env['DATABASE_URL']) process.env['POSTGRES_BIN_DIR'] = await postgresBinFolder();
}

/** {@link locateRedisServer} on this machine, once for each process. */
export const redisServerBinary = once(locateRedisServer);

/** {@link locatePostgres} on this machine, once for each process. */
export const postgresBinFolder = once(locatePostgres);

function once<T>(locate: (machine: Machine) => Promise<T>): () => Promise<T> {
  let located: Promise<T> | undefined;
  return () => (located ??= locate(new SystemMachine()));
}
