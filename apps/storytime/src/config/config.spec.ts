import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { databaseConfig } from './database.config.js';
import { serverConfig } from './server.config.js';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

describe('PORT', () => {
  it.each([
    [undefined, 3000],
    ['', 3000],
    ['8080', 8080],
    ['0', 0],
  ])('%p listens on %d', (given, port) => {
    if (given === undefined) delete process.env['PORT'];
    else process.env['PORT'] = given;
    expect(serverConfig()).toEqual({ port });
  });

  it.each(['abc', '70000', '-1', '3000.5', '0x10'])('%p is refused with a number to write', (given) => {
    process.env['PORT'] = given;
    expect(() => serverConfig()).toThrow(`PORT is "${given}", which is no port. Write a number from 0 to 65535`);
  });
});

describe('the database', () => {
  it('is a server when DATABASE_URL is set', () => {
    process.env['DATABASE_URL'] = 'postgres://me:secret@db:5432/tales';
    expect(databaseConfig()).toEqual({ kind: 'server', url: 'postgres://me:secret@db:5432/tales' });
  });

  it('is embedded in .data/storytime of the app when nothing is set', () => {
    process.env['DATABASE_URL'] = '';
    delete process.env['STORYTIME_DATA_DIR'];
    expect(databaseConfig()).toEqual({
      kind: 'embedded',
      folder: resolve(import.meta.dirname, '../../.data/storytime'),
    });
  });

  it('is embedded in the folder of STORYTIME_DATA_DIR, or in memory', () => {
    delete process.env['DATABASE_URL'];
    process.env['STORYTIME_DATA_DIR'] = 'tales';
    expect(databaseConfig()).toEqual({ kind: 'embedded', folder: resolve('tales') });
    process.env['STORYTIME_DATA_DIR'] = 'memory';
    expect(databaseConfig()).toEqual({ kind: 'embedded', folder: 'memory' });
  });

  it('is refused without its password being repeated when DATABASE_URL is of another kind', () => {
    process.env['DATABASE_URL'] = 'mysql://me:secret@db/tales';
    expect(() => databaseConfig()).toThrow(/^DATABASE_URL does not begin with postgres:\/\/(?!.*secret)/);
  });
});
