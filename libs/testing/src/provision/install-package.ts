import { findCommand } from './find-command.js';
import type { Machine } from './machine.js';

/** Whether something was installed, and if not, why. */
export type Installation = { readonly succeeded: true } | { readonly succeeded: false; readonly reason: string };

/** What a package is called where. */
export interface PackageNames {
  readonly apt: string;
  readonly brew: string;
}

/** How much of a failed installer's output goes into the reason. */
const QUOTED_LINES = 6;

/** Whether `STRATA_TEST_NO_INSTALL` leaves it to people to install things. */
export function mayInstall(machine: Machine): boolean {
  return ['', '0', 'false'].includes(machine.env['STRATA_TEST_NO_INSTALL'] ?? '');
}

/** Why {@link mayInstall} says no. */
export const INSTALL_FORBIDDEN = 'STRATA_TEST_NO_INSTALL forbids installing';

/** Installs a package with the system's package manager, if there is one that works without asking for a password. */
export async function installPackage(machine: Machine, names: PackageNames): Promise<Installation> {
  if (!mayInstall(machine)) return { succeeded: false, reason: INSTALL_FORBIDDEN };
  if (await findCommand(machine, 'apt-get')) return installWithApt(machine, names.apt);
  if (!(await findCommand(machine, 'brew'))) return { succeeded: false, reason: 'there is neither apt-get nor brew' };
  if (machine.isRoot) return { succeeded: false, reason: 'brew does not work for root' };
  return runInstaller(machine, ['brew', 'install', names.brew]);
}

async function installWithApt(machine: Machine, name: string): Promise<Installation> {
  const prefix = await rootPrefix(machine);
  if (prefix === undefined) return { succeeded: false, reason: 'apt-get needs root or sudo without a password' };
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120'];
  // If it fails, the lists that are there may still do.
  await run(machine, [...apt, 'update']);
  return runInstaller(machine, [...apt, 'install', '-y', '--no-install-recommends', name]);
}

/** What to put before a command so that root runs it. */
async function rootPrefix(machine: Machine): Promise<string[] | undefined> {
  if (machine.isRoot) return [];
  const hasSudo = (await findCommand(machine, 'sudo')) && (await machine.run('sudo', ['-n', 'true'])).succeeded;
  return hasSudo ? ['sudo', '-n'] : undefined;
}

/** Runs an installer, saying so. */
export async function runInstaller(machine: Machine, words: readonly string[]): Promise<Installation> {
  machine.say(`installing: ${words.join(' ')}   (STRATA_TEST_NO_INSTALL=1 forbids it)`);
  const { succeeded, output } = await run(machine, words);
  if (succeeded) return { succeeded };
  const lastLines = output.trim().split('\n').slice(-QUOTED_LINES);
  return { succeeded, reason: `'${words.join(' ')}' failed:\n    ${lastLines.join('\n    ')}` };
}

async function run(machine: Machine, words: readonly string[]) {
  const [command = '', ...args] = words;
  return machine.run(command, args);
}
