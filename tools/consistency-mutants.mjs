/**
 * `npm run consistency:mutants` breaks the last commit on purpose, one guarantee at a time, and runs the suite that is
 * to notice. A mutant that no test notices fails the run; `-- lease` runs only those whose names contain that.
 *
 * Each mutant is a copy of the repository in a folder of its own, which shares the installed packages.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mutants } from '../test/consistency/mutants/mutants.mjs';
import { libs, root } from './libs.mjs';

const SUITE_TIMEOUT_MS = 300_000;

const wanted = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const folder = await mkdtemp(join(tmpdir(), 'strata-mutants-'));
const verdicts = [];
try {
  await copyLastCommit();
  for (const mutant of chosen) {
    const startedAt = performance.now();
    const restore = await apply(mutant);
    const verdict = verdictOf(runSuite(mutant));
    await restore();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    verdicts.push(verdict);
    console.log(`${verdict.padEnd(9)} ${mutant.name.padEnd(44)} ${mutant.suite} (${seconds} s)`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const caught = verdicts.filter((verdict) => verdict === 'caught').length;
console.log(`\n${caught} of ${chosen.length} mutants caught`);
process.exitCode = caught === chosen.length && chosen.length > 0 ? 0 : 1;

async function copyLastCommit() {
  const archive = spawnSync('sh', ['-c', `git archive HEAD | tar -x -C "${folder}"`], { cwd: root, stdio: 'inherit' });
  if (archive.status !== 0) throw new Error('The last commit cannot be copied: git archive failed.');
  await mkdir(join(folder, 'node_modules', '@nest-strata'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@nest-strata') await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const lib of await libs()) {
    await symlink(join(folder, lib), join(folder, 'node_modules', '@nest-strata', lib.slice('libs/'.length)));
    const own = join(root, lib, 'node_modules');
    await symlink(own, join(folder, lib, 'node_modules')).catch(() => undefined);
  }
}

/** Changes the files; returns what changes them back. */
async function apply({ name, changes }) {
  const originals = [];
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const original = await readFile(path, 'utf8');
    if (original.split(find).length !== 2) {
      throw new Error(`Mutant "${name}": ${file} must contain exactly once:\n${find}`);
    }
    originals.push([path, original]);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(
      path,
      original.replace(find, () => replace),
    );
  }
  return async () => {
    for (const [path, original] of originals.reverse()) await writeFile(path, original);
  };
}

function runSuite({ suite, test }) {
  const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const only = test === undefined ? [] : ['-t', test];
  const args = [...jest, '--runInBand', '--forceExit', '--bail', suite, ...only];
  return spawnSync('node', args, { cwd: folder, encoding: 'utf8', timeout: SUITE_TIMEOUT_MS });
}

/** Only a test that ran and failed has noticed anything. */
function verdictOf({ status, stderr }) {
  if (status === 0) return 'MISSED';
  if (/^Tests:\s+\d+ failed/m.test(stderr) && !/Test suite failed to run/.test(stderr)) return 'caught';
  console.log(stderr);
  return 'BROKEN';
}
