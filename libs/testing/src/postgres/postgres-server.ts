import { randomUUID } from 'node:crypto';
import { startOnFreePort } from '../process/start-on-free-port.js';
import { deleteFolder, inTemporaryFolder } from '../process/temporary-folder.js';
import { MissingServerError } from '../provision/missing-server.error.js';
import { postgresBinFolder } from '../provision/provision-servers.js';
import { administer } from './administer.js';
import { initializeCluster, serveCluster, unprivilegedUser } from './database-cluster.js';

/** PostgreSQL cuts longer names off without a word; the prefix on a shared server needs its share. */
const DATABASE_NAME = /^[a-z_][a-z0-9_]{0,23}$/;

/**
 * A real PostgreSQL on 127.0.0.1 that is gone with this process, ready in about a second; or, when `DATABASE_URL` names a
 * server, databases of its own on that.
 *
 * @example
 * await using postgres = await PostgresServer.start();
 * const pool = new Pool({ connectionString: postgres.url });
 */
export class PostgresServer implements AsyncDisposable {
  readonly #release: () => Promise<void>;
  readonly #nameOf: (name: string) => string;
  readonly #created: string[] = [];

  /** The URL of an empty database, whose owner may do everything. */
  readonly url: string;

  /**
   * @throws MissingServerError when there is no PostgreSQL on this machine and none may be installed, or the server of
   * `DATABASE_URL` does not let us make databases
   * @throws ServerStartError when it does not come up
   */
  static async start(): Promise<PostgresServer> {
    const given = process.env['DATABASE_URL'];
    return given ? PostgresServer.#attach(given) : PostgresServer.#launch();
  }

  static async #launch(): Promise<PostgresServer> {
    const binFolder = await postgresBinFolder();
    const user = await unprivilegedUser();
    return inTemporaryFolder(async (dataDir) => {
      await initializeCluster(binFolder, dataDir, user);
      return startOnFreePort(async (port) => {
        const server = await serveCluster(binFolder, dataDir, port, user);
        const release = async (): Promise<void> => {
          await server.stop('SIGINT');
          await deleteFolder(dataDir);
        };
        return new PostgresServer(`postgres://postgres@127.0.0.1:${port}/postgres`, (name) => name, release);
      });
    });
  }

  static async #attach(given: string): Promise<PostgresServer> {
    if (!/^postgres(ql)?:[/][/]/.test(given) || !URL.canParse(given)) {
      const example = 'postgres://user:password@host:5432/postgres';
      throw new MissingServerError(
        `DATABASE_URL is no URL of a PostgreSQL server. Write one like ${example}, or unset it.`,
      );
    }
    const administration = new URL(given);
    const own = `strata_test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
    await administer(administration, `CREATE DATABASE ${own}`);
    const server = new PostgresServer(
      urlOf(administration, own),
      (name) => `${own}_${name}`,
      async () => {
        for (const name of [own, ...server.#created]) {
          await administer(administration, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
        }
      },
    );
    return server;
  }

  private constructor(url: string, nameOf: (name: string) => string, release: () => Promise<void>) {
    this.url = url;
    this.#nameOf = nameOf;
    this.#release = release;
  }

  /**
   * Makes one more empty database and returns its URL. `name`: up to 24 lowercase letters, digits and underscores; on the
   * server of `DATABASE_URL` the database gets a longer name, that nobody else uses.
   */
  async createDatabase(name: string): Promise<string> {
    if (!DATABASE_NAME.test(name)) {
      throw new RangeError(
        `${JSON.stringify(name)} cannot name a database. Give up to 24 lowercase letters, digits and underscores, no digit first.`,
      );
    }
    const fullName = this.#nameOf(name);
    await administer(new URL(this.url), `CREATE DATABASE "${fullName}"`);
    this.#created.push(fullName);
    return urlOf(new URL(this.url), fullName);
  }

  /** Ends the server and deletes its files, or drops the databases made on that of `DATABASE_URL`. Can be called twice. */
  async stop(): Promise<void> {
    await this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The URL of another database on the same server. */
function urlOf(server: URL, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
