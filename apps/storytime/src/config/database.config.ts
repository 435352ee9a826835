import { resolve } from 'node:path';
import { registerAs } from '@nestjs/config';
import { StartupError } from './startup.error.js';

/** In the folder of the app, wherever it is started from. */
const DEFAULT_FOLDER = resolve(import.meta.dirname, '../../.data/storytime');

/** The folder of an embedded PostgreSQL that keeps nothing. */
export const MEMORY = 'memory';

/** Which PostgreSQL holds the data: a server, or the one embedded in this process, in a folder or in {@link MEMORY}. */
export type DatabaseConfig =
  { readonly kind: 'server'; readonly url: string } | { readonly kind: 'embedded'; readonly folder: string };

/**
 * Reads `DATABASE_URL` (a PostgreSQL server) or else `STORYTIME_DATA_DIR` (the folder of the embedded PostgreSQL;
 * `memory` keeps nothing). A variable set to nothing counts as not set.
 */
export const databaseConfig = registerAs('database', (): DatabaseConfig => {
  const url = process.env['DATABASE_URL']?.trim();
  if (url) {
    if (!/^postgres(ql)?:\/\//.test(url)) {
      throw new StartupError(
        'DATABASE_URL does not begin with postgres://. Write postgres://user:password@host:5432/database, or unset it to use the embedded PostgreSQL.',
      );
    }
    return { kind: 'server', url };
  }
  const folder = process.env['STORYTIME_DATA_DIR']?.trim() || DEFAULT_FOLDER;
  return { kind: 'embedded', folder: folder === MEMORY ? folder : resolve(folder) };
});
