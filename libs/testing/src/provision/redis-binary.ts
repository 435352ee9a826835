import { findCommand } from './find-command.js';
import { installPackage } from './install-package.js';
import type { Machine } from './machine.js';
import { MissingServerError } from './missing-server.error.js';

const COMMANDS = ['redis-server', 'valkey-server'];

/**
 * The path of a Redis server: what `REDIS_SERVER_BIN` names, else `redis-server` or `valkey-server` on the PATH, else
 * what the system's package manager brings when it may.
 *
 * @throws MissingServerError when there is none
 */
export async function locateRedisServer(machine: Machine): Promise<string> {
  const given = machine.env['REDIS_SERVER_BIN'];
  if (given) return locateGiven(machine, given);
  const present = await findAny(machine);
  if (present !== undefined) return present;
  machine.say('there is no Redis server on this machine');
  const installation = await installPackage(machine, { apt: 'redis-server', brew: 'redis' });
  const installed = installation.succeeded ? await findAny(machine) : undefined;
  if (installed !== undefined) return installed;
  const reason = installation.succeeded ? 'the installed package holds none' : installation.reason;
  throw new MissingServerError(`There is no Redis server on this machine, and none was installed: ${reason}.
Do one of these:
  - put one on the PATH: apt-get install redis-server, dnf install valkey, apk add redis, brew install redis
  - set REDIS_SERVER_BIN to the path of a redis-server or valkey-server
  - let the tests install one: run them as root, with sudo that asks no password, or with Homebrew, and without STRATA_TEST_NO_INSTALL`);
}

async function locateGiven(machine: Machine, given: string): Promise<string> {
  const path = await findCommand(machine, given);
  if (path !== undefined) return path;
  throw new MissingServerError(
    `REDIS_SERVER_BIN is ${JSON.stringify(given)}, which is no program. Set it to the path of a redis-server or valkey-server, or unset it.`,
  );
}

async function findAny(machine: Machine): Promise<string | undefined> {
  for (const command of COMMANDS) {
    const path = await findCommand(machine, command);
    if (path !== undefined) return path;
  }
  return undefined;
}
