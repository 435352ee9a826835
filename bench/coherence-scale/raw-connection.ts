import { connect, type Socket } from 'node:net';

const READ_BYTES = 65_536;

/**
 * A connection to Redis that knows replies by their length only, so that it costs next to nothing and what is measured is
 * the server.
 */
export class RawConnection {
  readonly #socket: Socket;
  /** Gets what comes unasked. */
  readonly #onPush: (bytes: Buffer) => void;
  readonly #awaited: { missingBytes: number; readonly resolve: () => void }[] = [];
  #answer: ((text: string) => void) | undefined;

  static open(port: number, onPush: (bytes: Buffer) => void = () => undefined): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const connection: RawConnection = new RawConnection(port, onPush, () => {
        resolve(connection);
      });
      connection.#socket.once('error', reject);
    });
  }

  private constructor(port: number, onPush: (bytes: Buffer) => void, onConnect: () => void) {
    this.#onPush = onPush;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const callback = (bytes: number): boolean => {
      this.#receive(buffer.subarray(0, bytes));
      return true;
    };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } }, onConnect);
  }

  /** Resolves once as many bytes were answered; with none it does not wait. */
  send(commands: string, replyBytes: number): Promise<void> {
    this.#socket.write(commands, 'latin1');
    if (replyBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ missingBytes: replyBytes, resolve }));
  }

  /** For a command with a short answer, while nothing else is under way. */
  ask(command: string): Promise<string> {
    this.#socket.write(command, 'latin1');
    return new Promise((resolve) => (this.#answer = resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    if (this.#answer !== undefined) {
      this.#answer(bytes.toString('latin1'));
      this.#answer = undefined;
      return;
    }
    if (this.#awaited.length === 0) {
      this.#onPush(bytes);
      return;
    }
    if (bytes[0] === 0x2d || bytes.includes('\r\n-')) throw new Error(`Redis refused: ${bytes.toString('latin1')}`);
    let leftBytes = bytes.length;
    for (let next = this.#awaited[0]; next !== undefined && leftBytes > 0; next = this.#awaited[0]) {
      const taken = Math.min(leftBytes, next.missingBytes);
      leftBytes -= taken;
      next.missingBytes -= taken;
      if (next.missingBytes > 0) return;
      this.#awaited.shift();
      next.resolve();
    }
  }
}
