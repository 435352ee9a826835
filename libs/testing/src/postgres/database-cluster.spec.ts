import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { initializeCluster } from './database-cluster.js';

describe('initializeCluster', () => {
  it('fails with the words of initdb', async () => {
    const initialize = initializeCluster('/no/such/folder', tmpdir(), undefined);
    await expect(initialize).rejects.toMatchObject({ code: 'SERVER_START_FAILED' });
    await expect(initialize).rejects.toThrow(
      '/no/such/folder/initdb failed. It printed:\nError: spawn /no/such/folder/initdb ENOENT',
    );
  });
});
