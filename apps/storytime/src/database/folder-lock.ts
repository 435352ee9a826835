import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps a folder for one process at a time on this machine. The lock is a listening socket, so it ends with its
 * process however that ends. Processes in different containers do not see each other's locks.
 */
export class FolderLock {
  private constructor(private readonly server: Server) {}

  /** Takes the lock, or gives undefined while another process holds it. */
  static async take(folder: string): Promise<FolderLock | undefined> {
    const address = addressOf(folder);
    if (await answers(address)) return undefined;
    if (process.platform !== 'win32') await rm(address, { force: true });
    const server = createServer((socket) => socket.destroy()).unref();
    server.listen(address);
    await once(server, 'listening');
    return new FolderLock(server);
  }

  async release(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Socket paths are limited to about 100 bytes, so the folder's path is hashed and the socket lives elsewhere. */
function addressOf(folder: string): string {
  const name = `storytime-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.lock`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

async function answers(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
