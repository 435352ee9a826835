import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { MissingServerError } from './missing-server.error.js';

/** The path of a Redis or Valkey server: `REDIS_SERVER_BIN`, else the first of `redis-server`, `valkey-server` on the PATH. */
export async function redisServerBinary(): Promise<string> {
  const given = process.env['REDIS_SERVER_BIN'];
  if (given) return given;
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  throw new MissingServerError('There is no Redis server on this machine.');
}
