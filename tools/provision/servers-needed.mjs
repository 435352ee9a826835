import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const TEST_FILE = /[.](spec|int-spec|e2e-spec)[.]ts$/;
const TEST_SOURCE = /[.](spec|int-spec|e2e-spec)[.]ts$|[/\\]test[/\\].*[.]ts$/;

/**
 * Which servers the tests to be run will start. A package (`libs/x`, `apps/x`) with a selected test needs those that any
 * of its tests, or the helpers beside them, mention.
 *
 * @param {string} rootDir
 * @param {readonly string[]} roots where tests live
 * @param {(path: string) => boolean} isSelected whether a test file is to be run
 * @returns {Promise<{ redis: boolean, postgres: boolean }>}
 */
export async function serversNeeded(rootDir, roots, isSelected) {
  const paths = (await Promise.all(roots.map(sourcesIn))).flat();
  const packageOf = (path) => relative(rootDir, path).split(sep).slice(0, 2).join('/');
  const selected = new Set(paths.filter((path) => TEST_FILE.test(path) && isSelected(path)).map(packageOf));
  const concerned = paths.filter((path) => TEST_SOURCE.test(path) && selected.has(packageOf(path)));
  const texts = await Promise.all(concerned.map((path) => readFile(path, 'utf8')));
  return {
    redis: texts.some((text) => /\bRedisServer\b|\bdescribeRedisPort\b/.test(text)),
    postgres: texts.some((text) => /\bPostgresServer\b/.test(text)),
  };
}

async function sourcesIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : sourcesIn(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}
