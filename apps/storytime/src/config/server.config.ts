import { StartupError } from './startup.error.js';

/** Where the app listens. */
export interface ServerConfig {
  readonly port: number;
}

/** Reads `PORT`: 0 to 65535, default 3000; 0 takes any free port. */
export function serverConfig(): ServerConfig {
  const text = process.env['PORT']?.trim() || '3000';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new StartupError(`PORT is "${text}", which is no port. Write a number from 0 to 65535, such as PORT=3000.`);
  }
  return { port };
}
