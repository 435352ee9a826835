import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { connect } from './connect.js';

describe('connecting to PostgreSQL', () => {
  it('waits for a server that does not listen yet, and then says what to check, without the password', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const url = 'postgres://me:s3cret@127.0.0.1:1/tales';

    await expect(connect({ type: 'postgres', url }, 1)).rejects.toThrow(
      'PostgreSQL cannot be used: connect ECONNREFUSED 127.0.0.1:1. Check DATABASE_URL, or unset it to use the embedded PostgreSQL.',
    );

    expect(warn.mock.calls).toEqual(
      Array(4).fill(['PostgreSQL does not answer yet (connect ECONNREFUSED 127.0.0.1:1); trying again']),
    );
    warn.mockRestore();
  });

  it('gives up at once on a server that hangs up', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `postgres://127.0.0.1:${(server.address() as AddressInfo).port}/tales`;

    await expect(connect({ type: 'postgres', url })).rejects.toThrow(/^PostgreSQL cannot be used: /);
    server.close();
  });
});
