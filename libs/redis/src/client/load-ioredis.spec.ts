import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { MissingIoredisError } from '../errors/missing-ioredis.error.js';
import { loadIoredis } from './load-ioredis.js';

describe('loadIoredis', () => {
  it('gives the class of the installed ioredis', async () => {
    await expect(loadIoredis()).resolves.toBe(Redis);
  });

  it('says what to install when there is none', async () => {
    const missing = loadIoredis(() => import(['no', 'such', 'package'].join('-')));
    await expect(missing).rejects.toThrow(MissingIoredisError);
    await expect(missing).rejects.toThrow('npm install ioredis');
  });

  it('does not call another failure a missing package', async () => {
    const broken = loadIoredis(() => Promise.reject(new SyntaxError('broken')));
    await expect(broken).rejects.toThrow(SyntaxError);
  });
});
