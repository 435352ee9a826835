import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { CallLine } from './call-line.js';
import type { CallArgs, CallName, CallResult, LineMessage } from './call-line.js';
import { guardAgainstOrphaning } from './orphan-guard.js';
import type { WorkerControl } from './worker-control.js';
import { WorkerExitError } from './worker-exit.error.js';
import type { WorkerExit } from './worker-exit.error.js';

/** How a worker is to run. */
export interface WorkerOptions {
  /** How messages and errors call it; `worker` by default. */
  readonly name?: string;
  /** What its module gets as `context.data`; goes through `structuredClone`. */
  readonly data?: unknown;
  /** The functions that it can `ask` for; they run in this process. */
  readonly answers?: object;
  /** How far its wall clock is ahead of the machine's from the start, in ms; 0 by default. */
  readonly wallClockOffsetMs?: number;
  /** Options of Node: what its module needs to be loaded (a TypeScript loader, conditions). Default: this process's. */
  readonly execArgv?: readonly string[];
  /** Its environment; this process's by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The program of a worker: a source if this is one, else the compiled file beside this one. */
const MAIN = import.meta.url.endsWith('.ts')
  ? new URL('./worker-main.ts', import.meta.url)
  : new URL('./worker-main.js', import.meta.url);
/** How much of what a worker printed is kept for error messages. */
const MAX_OUTPUT_CHARS = 16_384;

/**
 * A Node process of its own with functions to call, made by {@link Fleet.start}.
 *
 * It ends with the process that started it, however that ends, and does not keep it alive unless a call waits.
 */
export class WorkerProcess<Calls extends object> {
  readonly #child: ChildProcess;
  readonly #line: CallLine;
  #output = '';
  #isRunning = true;
  #isToEnd = false;

  readonly name: string;
  /** Resolves once it has ended, for whatever reason. */
  readonly ended: Promise<WorkerExit>;

  /**
   * Starts a worker; resolves once the functions of its module, which is given by URL or path, can be called.
   *
   * @throws RemoteError what its module threw
   * @throws WorkerExitError when it ended instead
   */
  static async start<Calls extends object>(
    module: URL | string,
    options: WorkerOptions = {},
  ): Promise<WorkerProcess<Calls>> {
    const worker = new WorkerProcess<Calls>(module, options);
    const { data, wallClockOffsetMs = 0 } = options;
    try {
      await worker.#control('start', { name: worker.name, data, wallClockOffsetMs });
    } catch (error) {
      await worker.kill();
      throw error;
    }
    return worker;
  }

  private constructor(module: URL | string, { name = 'worker', execArgv, env, answers = {} }: WorkerOptions) {
    this.name = name;
    this.#child = fork(MAIN, [moduleUrl(module)], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env && { env }),
    });
    this.#line = new CallLine((message) => this.#send(message), answers);
    this.#child.on('message', (message) => this.#line.receive(message as LineMessage));
    this.ended = this.#watchEnd();
    this.#collectOutput();
    this.#child.unref();
  }

  /** The process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** False once it has ended. A paused worker is running. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The end of what it has printed, stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /** Whether it has ended without having been told to: it exited, crashed, or was killed by somebody else. */
  get hasFailed(): boolean {
    return !this.#isRunning && !this.#isToEnd;
  }

  /**
   * Calls a function of its module.
   *
   * @throws RemoteError what the function threw
   * @throws WorkerExitError when the worker has ended, or ends meanwhile
   */
  async call<Name extends CallName<Calls>>(
    name: Name,
    ...args: CallArgs<Calls, Name>
  ): Promise<CallResult<Calls, Name>> {
    return (await this.#control('call', name, args)) as CallResult<Calls, Name>;
  }

  /** Sets how far its wall clock (`Date`) is ahead of the machine's; monotonic clocks and timers do not change. */
  async setWallClockOffset(offsetMs: number): Promise<void> {
    await this.#control('setWallClockOffset', offsetMs);
  }

  /** Keeps its event loop busy: no timer fires and no message is read meanwhile. Resolves afterwards. */
  async blockEventLoop(forMs: number): Promise<void> {
    await this.#control('blockEventLoop', forMs);
  }

  /** Freezes it (SIGSTOP); calls wait until {@link resume}. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Lets a paused worker go on (SIGCONT). */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it as a crash would (SIGKILL), paused or not; resolves once it is gone. Can be called twice. */
  kill(): Promise<WorkerExit> {
    return this.#end('SIGKILL');
  }

  /**
   * Asks it to end (SIGTERM); resolves once it has, which may be never: see `onTerminate` of its context.
   */
  terminate(): Promise<WorkerExit> {
    return this.#end('SIGTERM');
  }

  #end(signal: NodeJS.Signals): Promise<WorkerExit> {
    if (this.#isRunning) {
      this.#isToEnd = true;
      this.#child.ref();
      this.#child.kill(signal);
    }
    return this.ended;
  }

  async #control<Name extends keyof WorkerControl>(
    name: Name,
    ...args: Parameters<WorkerControl[Name]>
  ): Promise<unknown> {
    if (!this.#isRunning) throw this.#exitError(await this.ended);
    this.#child.channel?.ref();
    try {
      return await this.#line.call(name, args);
    } finally {
      if (this.#line.pendingCount === 0) this.#child.channel?.unref();
    }
  }

  #send(message: LineMessage): void {
    // When it cannot be sent, the worker is ending, which fails the call.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #watchEnd(): Promise<WorkerExit> {
    const { pid } = this.#child;
    const endGuard = pid === undefined ? undefined : guardAgainstOrphaning(pid);
    return new Promise((resolve) => {
      const end = (exit: WorkerExit): void => {
        endGuard?.();
        this.#isRunning = false;
        this.#line.fail(this.#exitError(exit));
        resolve(exit);
      };
      this.#child.once('close', (code, signal) => end({ code, signal }));
      this.#child.on('error', (error) => {
        this.#output += error.message;
        if (pid === undefined) end({ code: null, signal: null });
      });
    });
  }

  #exitError(exit: WorkerExit): WorkerExitError {
    return new WorkerExitError(this.name, exit, this.#output);
  }

  #collectOutput(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARS);
      });
      (stream as Partial<Socket> | null)?.unref?.();
    }
  }
}

function moduleUrl(module: URL | string): string {
  return (typeof module === 'string' && !module.startsWith('file:') ? pathToFileURL(module) : module).toString();
}
