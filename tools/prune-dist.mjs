/**
 * `tsc -b` leaves the output of a deleted or renamed source in dist, and `npm pack` would ship it: remove from every
 * dist what no source stands behind.
 */
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { libs, root } from './libs.mjs';

const OUTPUT = /^(.+?)(\.d\.ts|\.js)(\.map)?$/;

for (const folder of [...(await libs()), 'apps/storytime']) {
  const dist = join(root, folder, 'dist');
  const outputs = await readdir(dist, { recursive: true }).catch(() => []);
  for (const output of outputs) {
    const [, name] = OUTPUT.exec(output) ?? [];
    if (name === undefined) continue;
    const source = join(root, folder, 'src', `${name}.ts`);
    await access(source).catch(() => rm(join(dist, output)));
  }
}
