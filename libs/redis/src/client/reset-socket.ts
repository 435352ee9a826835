import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A socket of Node on the inside, as far as it is needed to reset one with TLS; no part of it is promised by Node. */
interface SocketHandle {
  readonly _parent?: { close(done: () => void): void; reset?(done: () => void): number };
}

/**
 * Breaks a connection off (RST), so that what was written to it and has not arrived never will: a socket that is only
 * closed leaves it to the system to send that again and again, and an old write would arrive after newer ones.
 *
 * What cannot be reset (TLS in a Node of another build, a Unix socket, which has nothing under way) is destroyed.
 */
export function resetSocket(stream: Duplex | undefined): void {
  if (stream === undefined || stream.destroyed) return;
  // Node 20 never closes a socket that is reset while it says goodbye.
  const isLeaving = stream.writableEnded && !stream.writableFinished;
  if (isLeaving || !(stream instanceof Socket)) return void stream.destroy();
  try {
    stream.resetAndDestroy();
  } catch {
    resetBelowTls(stream);
    stream.destroy();
  }
}

/** Node resets no TLS socket (ERR_INVALID_HANDLE_TYPE), but closes the TCP socket below it with this very call. */
function resetBelowTls(socket: Socket): void {
  const { _parent: tcp } = (socket as { _handle?: SocketHandle })._handle ?? {};
  const reset = tcp?.reset?.bind(tcp);
  if (tcp !== undefined && reset !== undefined) tcp.close = (done) => void reset(done);
}
