import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LIBS = ['core', 'redis', 'engine'];

/** The commit in which envelope format 1 was frozen by its golden files. */
export const FORMAT_1_COMMIT = 'f50bdefa140c564838be857479317110a9ea51b0';

/** The sources of an earlier commit, checked out of the history into a folder of their own, with the packages of today. */
export class EarlierRelease implements AsyncDisposable {
  /** Whether the commit is in the history: it is not in a shallow clone, nor where there is no clone at all. */
  static isInHistory(commit: string): boolean {
    return spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT }).status === 0;
  }

  static async checkOut(commit: string): Promise<EarlierRelease> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-earlier-'));
    const archive = execFileSync('git', ['archive', commit, ...LIBS.map((lib) => `libs/${lib}`)], {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    await mkdir(join(folder, 'node_modules', '@nest-strata'), { recursive: true });
    for (const name of await readdir(join(ROOT, 'node_modules'))) {
      if (name !== '@nest-strata') await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    for (const lib of LIBS) {
      await symlink(join(folder, 'libs', lib), join(folder, 'node_modules', '@nest-strata', lib));
    }
    return new EarlierRelease(`${folder}/`);
  }

  private constructor(readonly root: string) {}

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** The folder of the release of today. */
export const TODAY = ROOT;
