import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resetSocket } from './reset-socket.js';

/** TLS without certificates: both sides know this key. */
const PSK = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const KEY = Buffer.alloc(16, 7);

describe('resetSocket', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Listens, and tells how the connection that comes first ends. */
  async function listen(server: Server, at: string | number = 0): Promise<{ port: number; ending: Promise<string> }> {
    servers.push(server);
    const ending = new Promise<string>((resolve) => {
      const watch = (socket: Socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
        socket.on('close', () => resolve('closed'));
        socket.resume();
      };
      server.on(server.listenerCount('tlsClientError') > 0 ? 'secureConnection' : 'connection', watch);
    });
    server.listen(at);
    await once(server, 'listening');
    const address = server.address();
    return { port: (address as AddressInfo).port, ending };
  }

  it('breaks a TCP connection off, whatever is still to be sent', async () => {
    const { port, ending } = await listen(createServer({ pauseOnConnect: false }));
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    resetSocket(socket);
    await expect(ending).resolves.toBe('ECONNRESET');
    expect(socket.destroyed).toBe(true);
    resetSocket(socket);
    resetSocket(undefined);
  });

  it('breaks the TCP connection below TLS off', async () => {
    const server = createTlsServer({ ...PSK, pskCallback: () => KEY }).on('tlsClientError', () => undefined);
    const { port, ending } = await listen(server);
    const socket = connectTls({
      ...PSK,
      port,
      host: '127.0.0.1',
      pskCallback: () => ({ psk: KEY, identity: 'test' }),
      checkServerIdentity: () => undefined,
    });
    await once(socket, 'secureConnect');
    const closed = once(socket, 'close');
    resetSocket(socket);
    await expect(ending).resolves.toBe('ECONNRESET');
    await closed;
  });

  it('only closes what cannot be reset', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reset-'));
    const { ending } = await listen(createServer(), join(folder, 'socket'));
    const socket = connect(join(folder, 'socket'));
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    resetSocket(socket);
    await expect(ending).resolves.toBe('closed');
    await closed;
    await rm(folder, { recursive: true });

    const stream = new PassThrough();
    resetSocket(stream);
    expect(stream.destroyed).toBe(true);
  });

  it('does not reset what is just saying goodbye, which would never close', async () => {
    const { port } = await listen(createServer());
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(Buffer.alloc(8_000_000));
    const closed = once(socket, 'close');
    resetSocket(socket);
    await expect(closed).resolves.toEqual([false]);
  });
});
