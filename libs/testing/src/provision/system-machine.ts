import { execFile } from 'node:child_process';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Machine } from './machine.js';
import type { ProgramResult } from './machine.js';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** The computer that this process runs on. */
export class SystemMachine extends Machine {
  override readonly platform = process.platform;
  override readonly architecture = process.arch;
  override readonly env = process.env;
  override readonly isRoot = process.getuid?.() === 0;
  override readonly cacheFolder = this.isRoot
    ? '/var/cache/strata'
    : join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'strata');

  override async isExecutable(path: string): Promise<boolean> {
    try {
      await access(path, constants.X_OK);
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  }

  override async list(folder: string): Promise<string[]> {
    try {
      return await readdir(folder);
    } catch {
      return [];
    }
  }

  override run(command: string, args: readonly string[]): Promise<ProgramResult> {
    return new Promise((resolve) => {
      const child = execFile(command, args, { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
        resolve({ succeeded: error === null, output: stdout + (stderr || (error?.message ?? '')) });
      });
      child.stdin?.end();
    });
  }

  override say(text: string): void {
    process.stderr.write(`strata: ${text}\n`);
  }
}
