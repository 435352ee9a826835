/**
 * `node tools/pack.mjs <folder>` builds every lib, packs it into the folder and prints the tarballs as JSON:
 * `[{ "name": "@nest-strata/core", "tarball": "/…/nest-strata-core-0.1.0.tgz", "files": ["LICENSE", …] }, …]`
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { libs } from './libs.mjs';
import { runOrFail } from './run.mjs';

export async function pack(folder) {
  const folders = await libs();
  await runOrFail(process.execPath, ['tools/prune-dist.mjs']);
  await runOrFail('tsc', ['-b', ...folders.map((lib) => `${lib}/tsconfig.build.json`)]);
  const workspaces = folders.flatMap((lib) => ['--workspace', lib]);
  const report = await runOrFail('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
    ...workspaces,
  ]);
  return [...JSON.parse(report)].map(({ name, filename, files }) => ({
    name,
    tarball: resolve(folder, filename),
    files: files.map(({ path }) => path),
  }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Say where to put the tarballs: node tools/pack.mjs <folder>');
  try {
    console.log(JSON.stringify(await pack(folder), null, 2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
