import type { Random } from '@nest-strata/core';

/** How long the handshake of TCP and TLS may take. */
const CONNECT_TIMEOUT_MS = 1_000;
/** How long a connection that is being closed may take to say goodbye. */
export const DISCONNECT_TIMEOUT_MS = 100;
const KEEP_ALIVE_MS = 10_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;

/**
 * The settings that make an ioredis client fail fast and never send anything twice. They are the same for ioredis 5 and
 * 6, and replace those of a user's client in its duplicate.
 *
 * What ioredis has no say in, because it costs up to 15 % per command or goes wrong in one of the versions, is done
 * here instead: time limits (`Deadline` and the watchdog of `RedisLink`), the readiness check (a `PING`) and the name of
 * the connection (`CLIENT SETNAME`; ioredis 5 may take a dead connection for ready after it).
 */
export function connectionProfile(nextRetryDelayMs: () => number): object {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    commandTimeout: undefined,
    socketTimeout: undefined,
    keepAlive: KEEP_ALIVE_MS,
    retryStrategy: nextRetryDelayMs,
    protocol: 2,
    replyMapping: 'legacy',
    stringNumbers: false,
    showFriendlyErrorStack: false,
    connectionName: undefined,
    disableClientInfo: true,
    keyPrefix: '',
    monitor: false,
  };
}

/** How long to wait before attempt `attempt` (from 1): 50 ms doubling up to 1 s, less up to half of it by chance. */
export function retryDelayMs(attempt: number, random: Random): number {
  const fullMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS);
  return Math.round(fullMs * (0.5 + random.fraction() / 2));
}
