import { describe, expect, it } from '@jest/globals';
import { ServerStartError } from './server-start.error.js';
import { startOnFreePort } from './start-on-free-port.js';

describe('startOnFreePort', () => {
  const taken = new ServerStartError('a server ended', 'bind: Address already in use');

  it('tries another port when one is taken', async () => {
    const tried: number[] = [];
    const port = await startOnFreePort((candidate) => {
      tried.push(candidate);
      return tried.length < 3 ? Promise.reject(taken) : Promise.resolve(candidate);
    });
    expect(tried).toHaveLength(3);
    expect(port).toBe(tried[2]);
    expect(new Set(tried).size).toBe(3);
  });

  it('gives up after ten ports', async () => {
    let attempts = 0;
    const start = startOnFreePort(() => {
      attempts++;
      return Promise.reject(taken);
    });
    await expect(start).rejects.toBe(taken);
    expect(attempts).toBe(10);
  });

  it.each([new ServerStartError('a server ended', 'bad setting'), new Error('Address already in use')])(
    'fails at once for any other reason: %p',
    async (reason) => {
      let attempts = 0;
      const start = startOnFreePort(() => {
        attempts++;
        return Promise.reject(reason);
      });
      await expect(start).rejects.toBe(reason);
      expect(attempts).toBe(1);
    },
  );
});
