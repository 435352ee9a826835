import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const apps = new URL('apps/', import.meta.url);
const root = new URL('../../', import.meta.url);

export interface Tarball {
  name: string;
  tarball: string;
}

interface Output {
  stdout: string;
  stderr: string;
}

/** Packs every lib as for a release; {@link removeFolder} the folder when done. */
export async function packLibs(): Promise<{ folder: string; tarballs: Tarball[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-tarballs-'));
  const { stdout } = await exec(process.execPath, ['tools/pack.mjs', folder], { cwd: root });
  return { folder, tarballs: JSON.parse(stdout) as Tarball[] };
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

/** An app in a folder of its own, far from the workspace, with Strata installed from tarballs. */
export class ScratchApp {
  private constructor(readonly folder: string) {}

  /** Copies `apps/src` and the settings in `apps/<name>` and installs what they ask for. */
  static async install(name: string, tarballs: readonly Tarball[]): Promise<ScratchApp> {
    const folder = await mkdtemp(join(tmpdir(), `strata-${name}-`));
    await cp(new URL(`${name}/`, apps), folder, { recursive: true });
    await cp(new URL('src/', apps), join(folder, 'src'), { recursive: true });

    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const lib of tarballs) manifest.dependencies[lib.name] = `file:${lib.tarball}`;
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));

    const app = new ScratchApp(folder);
    await app.#exec('npm', ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund']);
    return app;
  }

  /** Runs the app's own TypeScript. @throws with what the compiler printed, if it finds fault */
  compile(...options: string[]): Promise<Output> {
    return this.#exec(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false', ...options]);
  }

  start(environment: Record<string, string> = {}): Promise<Output> {
    return this.#exec(process.execPath, ['dist/main.js'], environment);
  }

  remove(): Promise<void> {
    return removeFolder(this.folder);
  }

  async #exec(command: string, args: string[], environment: Record<string, string> = {}): Promise<Output> {
    const { NODE_OPTIONS: _, REDIS_URL: __, ...inherited } = process.env;
    try {
      return await exec(command, args, { cwd: this.folder, env: { ...inherited, ...environment }, timeout: 240_000 });
    } catch (error) {
      const { stdout, stderr } = error as Output;
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }
}
