import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { StartupError } from '../config/startup.error.js';

const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/** Codes of a server that may just be starting: nobody listens yet, its name is not known yet, it says it is starting. */
const NOT_YET = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', '57P03']);

/**
 * Connects to PostgreSQL, waiting a few seconds for a server that is only starting.
 *
 * @throws {StartupError} when it cannot be reached or lets nobody in.
 */
export async function connect(options: DataSourceOptions, pauseMs = PAUSE_MS): Promise<DataSource> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new DataSource(options).initialize();
    } catch (cause) {
      const { code, message } = cause as Error & { code?: string };
      const reason = message || code || 'unknown reason';
      if (attempt === ATTEMPTS || code === undefined || !NOT_YET.has(code)) {
        throw new StartupError(
          `PostgreSQL cannot be used: ${reason}. Check DATABASE_URL, or unset it to use the embedded PostgreSQL.`,
          { cause },
        );
      }
      new Logger('Storytime').warn(`PostgreSQL does not answer yet (${reason}); trying again`);
      await pause(pauseMs);
    }
  }
}
