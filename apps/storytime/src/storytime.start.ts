import { once } from 'node:events';
import { createServer } from 'node:net';
import { type INestApplication, Logger } from '@nestjs/common';
import { type DatabaseConfig, databaseConfig, MEMORY } from './config/database.config.js';
import { serverConfig } from './config/server.config.js';
import { StartupError } from './config/startup.error.js';
import { createStorytime } from './storytime.app.js';

/**
 * Starts the app on `PORT` and says where its data lives and which addresses to open.
 *
 * @throws {StartupError} when the port is taken or the environment is not usable.
 */
export async function startStorytime(): Promise<INestApplication> {
  const { port } = serverConfig();
  await requireFree(port);
  const app = await createStorytime();
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(port);
  announce(await app.getUrl());
  return app;
}

/** Found out before the database is opened, which may take seconds. */
async function requireFree(port: number): Promise<void> {
  const probe = createServer().listen(port);
  try {
    await once(probe, 'listening');
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE' ? 'is taken' : 'cannot be used';
    throw new StartupError(
      `Port ${port} ${reason}. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
      {
        cause,
      },
    );
  }
  probe.close();
  await once(probe, 'close');
}

function announce(url: string): void {
  const logger = new Logger('Storytime');
  const base = url.replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost');
  logger.log(`Data:  ${whereIsData(databaseConfig())}`);
  logger.log(`Open:  ${base}/docs  ${base}/stories  ${base}/health`);
}

function whereIsData(config: DatabaseConfig): string {
  if (config.kind === 'server') return `PostgreSQL at ${new URL(config.url).host}`;
  if (config.folder === MEMORY) return 'PostgreSQL embedded in this process, in memory: gone when it stops';
  return `PostgreSQL embedded in this process, kept in ${config.folder}; delete the folder to start afresh`;
}
