import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig, type PGlitePgConfig } from '@electric-sql/pglite/node-postgres';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MEMORY } from '../config/database.config.js';
import { StartupError } from '../config/startup.error.js';
import { FolderLock } from './folder-lock.js';

/**
 * PostgreSQL inside this process (PGlite), for an app that runs without a server. It has one session: a pool over it
 * holds one connection, and whoever has that connection has the turn. A transaction keeps the turn until its end,
 * and only then is the next caller served.
 */
@Injectable()
export class EmbeddedPostgres implements OnApplicationShutdown {
  private readonly logger = new Logger('Storytime');
  private database?: PGlite;
  private lock?: FolderLock | undefined;

  /**
   * Opens the folder (created when absent), or a database in {@link MEMORY}, and gives the options of a `pg` pool over it.
   *
   * @throws {StartupError} when another process uses the folder or it cannot be written.
   */
  async open(folder: string): Promise<PGlitePgConfig> {
    if (folder !== MEMORY) await this.reserve(folder);
    if (folder === MEMORY || !existsSync(join(folder, 'PG_VERSION'))) {
      this.logger.log('Creating the embedded database… (5 to 10 seconds, only the first time)');
    }
    this.database = await PGlite.create(folder === MEMORY ? 'memory://' : folder);
    return createPgConfig(this.database);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database?.close();
    await this.lock?.release();
  }

  private async reserve(folder: string): Promise<void> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new StartupError(
        `Cannot create the data folder ${folder}. Set STORYTIME_DATA_DIR to a folder you may write.`,
        {
          cause,
        },
      );
    }
    this.lock = await FolderLock.take(folder);
    if (!this.lock) {
      throw new StartupError(
        `Another storytime uses the data folder ${folder}. Stop it, or set STORYTIME_DATA_DIR or DATABASE_URL.`,
      );
    }
  }
}
