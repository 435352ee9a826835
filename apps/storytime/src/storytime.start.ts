import { once } from 'node:events';
import { createServer } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { serverConfig } from './config/server.config.js';
import { StartupError } from './config/startup.error.js';
import { announce } from './storytime.announcement.js';
import { stopWithNpm } from './stop-with-npm.js';
import { createStorytime } from './storytime.app.js';

/**
 * Starts the app on `PORT`, and says where its data and its cache live and which addresses to open.
 *
 * @throws {StartupError} when the port is taken or the environment is not usable.
 */
export async function startStorytime(): Promise<INestApplication> {
  stopWithNpm();
  const { port } = serverConfig();
  await requireFree(port);
  const app = await createStorytime();
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(port);
  await announce(app);
  return app;
}

/** Found out before the database is opened, which may take seconds. */
async function requireFree(port: number): Promise<void> {
  const probe = createServer().listen(port);
  try {
    await once(probe, 'listening');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken' : 'cannot be used';
    throw new StartupError(
      `Port ${port} ${reason}. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
      { cause },
    );
  }
  probe.close();
  await once(probe, 'close');
}
