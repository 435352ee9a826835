import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the workspace. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The folders of the published packages, as `libs/<name>`. */
export async function libs() {
  const entries = await readdir(join(root, 'libs'), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => `libs/${entry.name}`)
    .sort();
}
