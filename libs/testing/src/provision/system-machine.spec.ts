import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { findCommand } from './find-command.js';
import { provisionServers } from './provision-servers.js';
import { SystemMachine } from './system-machine.js';

describe('SystemMachine', () => {
  const machine = new SystemMachine();

  it('knows which files it may run', async () => {
    expect(await machine.isExecutable(process.execPath)).toBe(true);
    expect(await machine.isExecutable(import.meta.filename)).toBe(false);
    expect(await machine.isExecutable(import.meta.dirname)).toBe(false);
    expect(await machine.isExecutable('/no/such/file')).toBe(false);
    expect(await findCommand(machine, 'sh')).toMatch(/[/]sh$/);
  });

  it('lists a folder, and nothing for one that is not there', async () => {
    expect(await machine.list(import.meta.dirname)).toContain('system-machine.ts');
    expect(await machine.list('/no/such/folder')).toEqual([]);
  });

  it('runs a program and tells what it printed and whether it succeeded', async () => {
    expect(await machine.run('sh', ['-c', 'cat; echo out; echo err >&2'])).toEqual({
      succeeded: true,
      output: 'out\nerr\n',
    });
    expect(await machine.run('sh', ['-c', 'echo err >&2; exit 2'])).toEqual({ succeeded: false, output: 'err\n' });
    const { succeeded, output } = await machine.run('/no/such/program', []);
    expect([succeeded, output]).toEqual([false, 'spawn /no/such/program ENOENT']);
  });

  it('speaks on stderr', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    machine.say('installing');
    expect(write).toHaveBeenCalledWith('strata: installing\n');
    write.mockRestore();
  });
});

describe('provisionServers', () => {
  const original = { ...process.env };

  afterEach(() => {
    process.env = { ...original };
  });

  it('tells the processes that start afterwards where the programs are', async () => {
    delete process.env['DATABASE_URL'];
    delete process.env['REDIS_SERVER_BIN'];
    delete process.env['POSTGRES_BIN_DIR'];
    await provisionServers({});
    expect(process.env['REDIS_SERVER_BIN']).toBeUndefined();
    process.env['REDIS_SERVER_BIN'] = original['REDIS_SERVER_BIN'];
    await provisionServers({ redis: true, postgres: true });
    expect(process.env['REDIS_SERVER_BIN']).toMatch(/[/]/);
    expect(process.env['POSTGRES_BIN_DIR']).toMatch(/[/]/);
  });

  it('looks for no PostgreSQL when DATABASE_URL names one', async () => {
    delete process.env['POSTGRES_BIN_DIR'];
    process.env['DATABASE_URL'] = 'postgres://host/app';
    await provisionServers({ postgres: true });
    expect(process.env['POSTGRES_BIN_DIR']).toBeUndefined();
  });
});
