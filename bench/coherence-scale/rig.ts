import { loadIoredis } from '@nest-strata/redis';
import { RedisServer, SeededRandom } from '@nest-strata/testing';
import { shuffledIndexes } from './choose-keys.js';
import { Fleet } from './fleet.js';
import { KEY_COUNT } from './key-space.js';
import { scripts, set } from './operations.js';
import { Writer } from './writer.js';

/** What is used of ioredis to look at the server. */
interface Control {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  disconnect(): void;
}

/** A server with all keys in it, those who write and those who listen. */
export class Rig implements AsyncDisposable {
  readonly random = new SeededRandom(1);
  readonly writer: Writer;
  readonly fleet: Fleet;
  readonly port: number;
  readonly #server: RedisServer;
  readonly #control: Control;

  static async start(): Promise<Rig> {
    const server = await RedisServer.start();
    const Client = (await loadIoredis()) as unknown as new (options: object) => Control;
    const control = new Client({ host: '127.0.0.1', port: server.port });
    for (const script of Object.values(scripts)) await control.call('SCRIPT', 'LOAD', script);
    const rig = new Rig(server, control, await Writer.open(server.port, new SeededRandom(3)));
    for (const caches of [1, 10]) await rig.rewrite(caches);
    return rig;
  }

  private constructor(server: RedisServer, control: Control, writer: Writer) {
    this.#server = server;
    this.#control = control;
    this.port = server.port;
    this.writer = writer;
    this.fleet = new Fleet(server.port);
  }

  /** Writes all keys of a number of caches; afterwards the server remembers no reader of theirs. */
  rewrite(caches = 1): Promise<void> {
    return this.writer.burst(set(caches), shuffledIndexes(KEY_COUNT, this.random));
  }

  /** The time that the server's main thread has run, in µs. */
  async serverCpuUs(): Promise<number> {
    const seconds =
      (await this.figure('cpu', 'used_cpu_sys_main_thread')) + (await this.figure('cpu', 'used_cpu_user_main_thread'));
    return seconds * 1e6;
  }

  /** A number in a section of `INFO`. */
  async figure(section: string, name: string): Promise<number> {
    const text = String(await this.#control.call('INFO', section));
    return Number(new RegExp(`^${name}:(.*)`, 'm').exec(text)?.[1] ?? NaN);
  }

  async configure(name: string, value: number): Promise<void> {
    await this.#control.call('CONFIG', 'SET', name, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fleet[Symbol.dispose]();
    this.writer[Symbol.dispose]();
    this.#control.disconnect();
    await this.#server[Symbol.asyncDispose]();
  }
}
