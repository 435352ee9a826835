import { execFile } from 'node:child_process';
import { chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServerProcess } from '../process/server-process.js';
import { ServerStartError } from '../process/server-start.error.js';

/** Whom PostgreSQL runs as when this process is root, whom it refuses. */
export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** `postgres` comes with a system's package; `nobody` is everywhere. */
const USER_NAMES = ['postgres', 'nobody'];
const READY_TEXT = 'database system is ready to accept connections';
/** What a crash would lose does not matter here. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'unix_socket_directories='];

/** The user that the programs are to run as; `undefined`: this process's own. */
export async function unprivilegedUser(): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of USER_NAMES) {
    const user = users.find(([userName]) => userName === name);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new ServerStartError('PostgreSQL does not run as root, and there is neither a user postgres nor nobody', '');
}

/** Makes an empty database cluster in an empty folder; whoever reaches its port may do everything. */
export async function initializeCluster(
  binFolder: string,
  dataDir: string,
  user: UnprivilegedUser | undefined,
): Promise<void> {
  if (user !== undefined) await chown(dataDir, user.uid, user.gid);
  const args = ['-D', dataDir, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const initdb = join(binFolder, 'initdb');
  try {
    await promisify(execFile)(initdb, args, { cwd: dataDir, env: englishEnv(), ...user });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new ServerStartError(`${initdb} failed`, stdout + stderr || String(error));
  }
}

/** Starts a server on a cluster, on 127.0.0.1 alone. */
export async function serveCluster(
  binFolder: string,
  dataDir: string,
  port: number,
  user: UnprivilegedUser | undefined,
): Promise<ServerProcess> {
  return ServerProcess.start({
    command: join(binFolder, 'postgres'),
    args: ['-D', dataDir, '-h', '127.0.0.1', '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
    readyText: READY_TEXT,
    directory: dataDir,
    directoryIsTemporary: true,
    orphanSignal: 'QUIT', // it gives back its shared memory; killed, it would not
    env: englishEnv(),
    ...(user && { user }),
  });
}

/** {@link READY_TEXT} and "Address already in use" are looked for in what the server prints. */
function englishEnv(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C' };
}
