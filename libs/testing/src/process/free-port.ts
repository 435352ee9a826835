import { createServer } from 'node:net';

/**
 * Below the range from which Linux (32768 and up), macOS and Windows (49152 and up) take ports for outgoing connections:
 * a server that was killed finds its port still free when it starts again.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

/**
 * A port of 127.0.0.1 on which nothing listens at this moment.
 *
 * Another process may take it before you do: start, and on "Address already in use" ask for another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
