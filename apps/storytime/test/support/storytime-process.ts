import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const UNSET = { DATABASE_URL: '', STORYTIME_DATA_DIR: '', REDIS_URL: '', PORT: '', NODE_OPTIONS: '' };

/** What `npm start` runs, without npm. */
const DIRECTLY = [
  process.execPath,
  '--conditions=@nest-strata/source',
  '--import',
  '../../tools/dev.mjs',
  'src/main.ts',
];

/** The app in a process of its own, from the sources. */
export class StorytimeProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  constructor(environment: NodeJS.ProcessEnv, [program = '', ...args] = DIRECTLY) {
    this.#child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...UNSET, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.#lines.push(stripVTControlCharacters(line)));
    }
  }

  get output(): string {
    return this.#lines.join('\n');
  }

  /** Resolves with the first line that matches. @throws when the process ends without one */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error(`ended without ${pattern.source}:\n${this.output}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code; null when a signal ended it. */
  async exit(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit();
  }
}
