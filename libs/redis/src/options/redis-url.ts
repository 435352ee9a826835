import { Secret } from './secret.js';

/** Where a standalone server is and how to log in. */
export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
  /** The number that `SELECT` takes. */
  readonly database: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: Secret;
}

const DEFAULT_PORT = 6379;
const DATABASE_PATH = /^\/?(\d{0,5})$/;

/** A reason why a text is no Redis URL; repeats nothing of the text, which may be a secret anywhere. */
export class RedisUrlProblem extends Error {}

/**
 * Reads `redis://[[user]:password@]host[:port][/database]`; `rediss://` is the same over TLS.
 *
 * @throws RedisUrlProblem for anything else
 */
export function parseRedisUrl(text: string): RedisEndpoint {
  if (!/^rediss?:\/\//i.test(text)) {
    throw new RedisUrlProblem(`must begin with redis:// or, for TLS, rediss://, as in 'redis://localhost:6379'`);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new RedisUrlProblem(
      `is not a URL. Write redis://user:password@host:port/database, and percent-encode the user name and the password (encodeURIComponent)`,
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new RedisUrlProblem(
      `has something after a ? or #, which is not understood. Remove it, or, if it is part of the password, percent-encode the password (encodeURIComponent)`,
    );
  }
  const database = DATABASE_PATH.exec(url.pathname)?.[1];
  if (database === undefined) {
    throw new RedisUrlProblem(
      `must have nothing but a database number after the host, as in 'redis://localhost:6379/0'. If the password has a / in it, percent-encode the password (encodeURIComponent)`,
    );
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    database: Number(database),
    tls: url.protocol === 'rediss:',
    ...(url.username !== '' && { username: decode(url.username) }),
    ...(url.password !== '' && { password: new Secret(decode(url.password)) }),
  };
}

/** The URL for logs and messages: without user name, password and query; just the scheme when it cannot be read. */
export function redactUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return text.startsWith('rediss:') ? 'rediss://***' : 'redis://***';
  const credentials = url.username === '' && url.password === '' ? '' : '***@';
  const path = DATABASE_PATH.test(url.pathname) ? url.pathname : '/***';
  return `${url.protocol}//${credentials}${url.host}${path}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUrlProblem(
      `has a % in the user name or the password that is no percent-encoding. Write it as %25, or encode the whole with encodeURIComponent`,
    );
  }
}
