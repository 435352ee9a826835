import { MissingServerError } from '../provision/missing-server.error.js';

/**
 * Runs one statement on the server behind a URL.
 *
 * @throws MissingServerError when the package `pg` is not installed, or the server refuses; it tells the host, and no
 * password
 */
export async function administer(url: URL, statement: string): Promise<void> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw new MissingServerError('Making databases takes the package pg. Install it: npm install --save-dev pg', {
      cause,
    });
  });
  const client = new pg.Client({ connectionString: url.href });
  try {
    await client.connect();
    await client.query(statement);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new MissingServerError(`The PostgreSQL server at ${url.host} did not do as asked: ${reason}`, { cause });
  } finally {
    await client.end();
  }
}
