import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { ServerStartError } from './server-start.error.js';

/** What {@link ServerProcess.start} runs, and how it knows that it runs well. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Text on stdout or stderr that says that the server takes connections. */
  readonly readyText: string;
  /** How long it may take to become ready; 20 s by default. */
  readonly readyTimeoutMs?: number;
  /** The working directory. */
  readonly directory: string;
  /** Delete the directory if this process dies without having stopped the server. */
  readonly directoryIsTemporary: boolean;
  /** Whom the server runs as; this process's own user by default. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What ends the server if this process dies: `KILL` by default. */
  readonly orphanSignal?: 'KILL' | 'QUIT';
}

/** Much for a server, for machines that have much else to do. */
const DEFAULT_READY_TIMEOUT_MS = 20_000;
/** How long a server may take to end by itself when it is asked to. */
const STOP_TIMEOUT_MS = 3_000;
/** How much of a server's output is kept for error messages. */
const MAX_OUTPUT_CHARS = 16_384;

/**
 * Runs the server beside a watchdog that reads the pipe from this process. However this process ends, SIGKILL included,
 * the system closes the pipe, and the watchdog kills the server. The shell ends with the server, and takes the watchdog
 * along unless that is at work.
 */
const WATCHED = `
directory=$1; signal=$2; shift 2
exec 4<&0
"$@" </dev/null 3>&- 4<&- & server=$!
echo "$server" >&3; exec 3>&-
{
  cat <&4
  trap '' TERM
  kill -"$signal" "$server"
  while kill -0 "$server"; do sleep 0.02; done
  [ -z "$directory" ] || rm -rf -- "$directory"
} >/dev/null 2>&1 & watchdog=$!
exec 4<&-
wait "$server"; status=$?
kill "$watchdog"
exit "$status"`;

/**
 * A server program that is ready when {@link start} resolves and that cannot outlive this process.
 *
 * It does not keep this process alive either. Needs a POSIX shell: Linux, macOS, WSL.
 */
export class ServerProcess {
  readonly #shell: ChildProcess;
  readonly #exited: Promise<void>;
  #pid = 0;
  #isRunning = true;

  /** @throws ServerStartError when the program ends, or `readyTimeoutMs` pass, before it is ready */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    await server.#ready(command);
    for (const handle of [server.#shell, ...server.#shell.stdio]) (handle as Partial<Socket>).unref?.();
    return server;
  }

  private constructor(command: ServerCommand) {
    const { orphanSignal = 'KILL', directory, directoryIsTemporary } = command;
    const watched = [directoryIsTemporary ? directory : '', orphanSignal, command.command, ...command.args];
    this.#shell = spawn('/bin/sh', ['-c', WATCHED, 'sh', ...watched], {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      ...command.user,
      ...(command.env && { env: command.env }),
    });
    this.#exited = new Promise((resolve) => {
      this.#shell.once('exit', () => {
        this.#isRunning = false;
        resolve();
      });
    });
  }

  /** The server's own process id, not that of the shell around it. */
  get pid(): number {
    return this.#pid;
  }

  /** False once the server has ended, for whatever reason. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Sends a signal; does nothing once the server has ended. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isRunning) return;
    try {
      process.kill(this.#pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Asks the server to end, paused or not, and kills it if it has not ended 3 s later. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.signal(signal);
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#end();
    clearTimeout(timer);
  }

  /** Ends the server as a crash would; resolves once it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#isRunning) this.#shell.ref();
    await this.#exited;
  }

  #ready({ command, readyText, readyTimeoutMs = DEFAULT_READY_TIMEOUT_MS }: ServerCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      const [, stdout, stderr, pidPipe] = this.#shell.stdio as unknown as readonly [
        Writable,
        Readable,
        Readable,
        Readable,
      ];
      let output = '';
      let pidText = '';
      let saidReady = false;
      const settleIfReady = (): void => {
        if (!saidReady || !pidText.endsWith('\n')) return;
        clearTimeout(timer);
        this.#pid = Number(pidText);
        for (const stream of [stdout, stderr]) stream.removeAllListeners('data').resume();
        resolve();
      };
      const fail = (what: string): void => {
        clearTimeout(timer);
        this.#shell.stdin?.destroy();
        reject(new ServerStartError(`${command} ${what}`, output));
      };
      const timer = setTimeout(() => fail(`was not ready after ${readyTimeoutMs} ms`), readyTimeoutMs);
      for (const stream of [stdout, stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          saidReady ||= output.includes(readyText);
          output = output.slice(-MAX_OUTPUT_CHARS);
          settleIfReady();
        });
      }
      pidPipe.setEncoding('utf8').on('data', (text: string) => {
        pidText += text;
        settleIfReady();
      });
      this.#shell.once('error', (error) => fail(`could not be started: ${error.message}`));
      this.#shell.once('close', (status) => fail(`ended with status ${String(status)} before it was ready`));
    });
  }
}
