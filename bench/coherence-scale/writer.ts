import type { Random } from '@nest-strata/core';
import { setImmediate } from 'node:timers/promises';
import { exponential } from './choose-keys.js';
import { nap } from './nap.js';
import type { Operation } from './operations.js';
import { RawConnection } from './raw-connection.js';

/** As many processes write. */
const CONNECTIONS = 10;
/** What one of them writes in a tick during a burst. */
const WRITES_PER_TICK = 16;
const NAP_MS = 0.15;

/** Those who change keys: several connections, which cost little. */
export class Writer implements Disposable {
  readonly #connections: readonly RawConnection[];
  readonly #random: Random;

  static async open(port: number, random: Random): Promise<Writer> {
    return new Writer(await Promise.all(Array.from({ length: CONNECTIONS }, () => RawConnection.open(port))), random);
  }

  private constructor(connections: readonly RawConnection[], random: Random) {
    this.#connections = connections;
    this.#random = random;
  }

  /** As fast as the server takes them, in pipelines. */
  async burst({ steps }: Operation, indexes: readonly number[]): Promise<void> {
    let next = 0;
    const writeOn = async (connection: RawConnection) => {
      while (next < indexes.length) {
        const batch = indexes.slice(next, (next += WRITES_PER_TICK));
        for (const { send, replyBytes } of steps) {
          await connection.send(batch.map(send).join(''), batch.length * replyBytes);
        }
      }
    };
    await Promise.all(this.#connections.map(writeOn));
  }

  /** One by one at random moments, on average so many per second, each on the next connection. */
  async steadily({ steps }: Operation, indexes: readonly number[], perSecond: number): Promise<void> {
    const underWay: Promise<void>[] = [];
    const writeOn = async (connection: RawConnection | undefined, index: number) => {
      for (const { send, replyBytes } of steps) await connection?.send(send(index), replyBytes);
    };
    let dueAtMs = performance.now();
    for (const [count, index] of indexes.entries()) {
      dueAtMs += (exponential(this.#random) / perSecond) * 1_000;
      while (performance.now() < dueAtMs) {
        nap(NAP_MS);
        await setImmediate();
      }
      underWay.push(writeOn(this.#connections[count % CONNECTIONS], index));
    }
    await Promise.all(underWay);
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close();
  }
}
