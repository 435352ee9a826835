import { startOnFreePort } from '../process/start-on-free-port.js';
import { ServerProcess } from '../process/server-process.js';
import { deleteFolder, inTemporaryFolder } from '../process/temporary-folder.js';
import { redisServerBinary } from '../provision/provision-servers.js';

/** How a {@link RedisServer} is to run. */
export interface RedisServerOptions {
  /** A free port by default. */
  readonly port?: number;
  /** What `AUTH` takes; none by default. */
  readonly password?: string;
  /** Every acknowledged write outlives {@link RedisServer.kill} and {@link RedisServer.restart}. Default: memory alone. */
  readonly persistent?: boolean;
  /** Where it keeps its files; yours to delete. A temporary folder by default, gone after {@link RedisServer.stop}. */
  readonly dataDir?: string;
  /** Settings as in `redis.conf`: `{ maxmemory: '10mb', 'maxmemory-policy': 'allkeys-lru' }`. A list gives several words. */
  readonly config?: Readonly<Record<string, string | number | readonly (string | number)[]>>;
  /** More words for the command line, after everything else. */
  readonly args?: readonly string[];
  /** What the server's environment has beside this process's own, such as `{ LC_ALL: 'en_US.UTF-8' }`. */
  readonly env?: Readonly<Record<string, string>>;
}

const READY_TEXT = 'eady to accept connections';

/**
 * A real, standalone Redis (or Valkey) on 127.0.0.1, ready within milliseconds and gone with this process, even if that is
 * killed. Start one for each test file; nothing is shared, so nothing needs flushing.
 *
 * @example
 * await using redis = await RedisServer.start();
 * const client = new Redis(redis.url);
 */
export class RedisServer implements AsyncDisposable {
  readonly #options: RedisServerOptions;
  readonly #dataDir: string;
  #process: ServerProcess;

  /** On 127.0.0.1; stays the same over {@link restart}. */
  readonly port: number;
  /** `redis://[:password@]127.0.0.1:port` */
  readonly url: string;

  /**
   * @throws MissingServerError when there is no Redis on this machine and none may be installed
   * @throws ServerStartError when Redis refuses its settings or the port that `options.port` asks for is taken
   */
  static start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const startIn = (dataDir: string): Promise<RedisServer> => {
      const startOn = async (port: number): Promise<RedisServer> =>
        new RedisServer(options, dataDir, port, await launch(options, dataDir, port));
      return options.port === undefined ? startOnFreePort(startOn) : startOn(options.port);
    };
    return options.dataDir === undefined ? inTemporaryFolder(startIn) : startIn(options.dataDir);
  }

  private constructor(options: RedisServerOptions, dataDir: string, port: number, process: ServerProcess) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#process = process;
    this.port = port;
    const userInfo = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
    this.url = `redis://${userInfo}127.0.0.1:${port}`;
  }

  /** The server's own process id; another one after {@link restart}. */
  get pid(): number {
    return this.#process.pid;
  }

  /** False after {@link stop} and {@link kill}, and when Redis ended by itself. A paused server is running. */
  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /**
   * Ends Redis and deletes its temporary folder. With a `dataDir` of yours it ends in an orderly way, and is killed if
   * that takes more than 3 s. Can be called twice.
   */
  async stop(): Promise<void> {
    if (this.#options.dataDir !== undefined) return this.#process.stop();
    await this.#process.kill();
    await deleteFolder(this.#dataDir);
  }

  /** Ends Redis as a crash would (SIGKILL) and resolves once it is gone. Its files stay for {@link restart}. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Freezes Redis (SIGSTOP): connections stay open, new ones are accepted by the system, and nothing is answered. */
  pause(): void {
    this.#process.signal('SIGSTOP');
  }

  /** Lets a paused Redis go on (SIGCONT): it answers what it was sent meanwhile. */
  resume(): void {
    this.#process.signal('SIGCONT');
  }

  /** Starts Redis again on the same port, after {@link kill} or on the spot. It is empty unless `persistent`. */
  async restart(): Promise<void> {
    await this.#process.stop();
    this.#process = await launch(this.#options, this.#dataDir, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function launch(options: RedisServerOptions, dataDir: string, port: number): Promise<ServerProcess> {
  return ServerProcess.start({
    command: await redisServerBinary(),
    args: commandLine(options, dataDir, port),
    readyText: READY_TEXT,
    directory: dataDir,
    directoryIsTemporary: options.dataDir === undefined,
    ...(options.env && { env: { ...process.env, ...options.env } }),
  });
}

function commandLine(options: RedisServerOptions, dataDir: string, port: number): string[] {
  const settings: NonNullable<RedisServerOptions['config']> = {
    port,
    bind: '127.0.0.1',
    dir: dataDir,
    save: '',
    appendonly: options.persistent ? 'yes' : 'no',
    ...(options.persistent && { appendfsync: 'always' }),
    ...(options.password !== undefined && { requirepass: options.password }),
    ...options.config,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...[value].flat().map(String)]);
  return [...words, ...(options.args ?? [])];
}
