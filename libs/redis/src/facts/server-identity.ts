import type { RedisPort } from '../redis.port.js';
import { readServerInfo } from './server-info.js';

/** Which server this is, and whose data it has; compare two of them to notice a restart or a failover. */
export interface ServerIdentity {
  /** Another one after every start of the server's process. */
  readonly runId: string;
  /** The history of the data: the same on a primary and its replicas, another one once a replica has been promoted. */
  readonly replicationId: string;
  readonly role: 'primary' | 'replica';
}

/**
 * Asks a server who it is (`INFO`); `undefined` where that is not permitted.
 *
 * @throws RedisUnavailableError when there is no answer
 */
export async function readServerIdentity(redis: RedisPort): Promise<ServerIdentity | undefined> {
  const [server, replication] = await Promise.all([
    readServerInfo(redis.send('INFO', ['server'])),
    readServerInfo(redis.send('INFO', ['replication'])),
  ]);
  const runId = server.get('run_id');
  const replicationId = replication.get('master_replid');
  if (runId === undefined || replicationId === undefined) return undefined;
  return { runId, replicationId, role: replication.get('role') === 'slave' ? 'replica' : 'primary' };
}
