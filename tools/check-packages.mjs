/** Builds and packs every lib and inspects the tarballs as a user would meet them: their files, publint and attw. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { pack } from './pack.mjs';
import { run } from './run.mjs';

const REQUIRED = ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts'];
const UNWANTED = /[.](spec|int-spec)[.]|tsbuildinfo|^(test|examples|node_modules)\//;

async function problemsOf({ name, tarball, files }) {
  const { buffer } = new Uint8Array(await readFile(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  // A CommonJS app gets the one ESM build through require(esm), which Node 20.19 and later have.
  const types = await run('attw', [
    tarball,
    '--no-definitely-typed',
    '--no-color',
    '--format',
    'ascii',
    '--ignore-rules',
    'cjs-resolves-to-esm',
  ]);
  return [
    ...REQUIRED.filter((file) => !files.includes(file)).map((file) => `lacks ${file}`),
    ...files.filter((file) => UNWANTED.test(file)).map((file) => `ships ${file}`),
    ...messages.map((message) => `publint: ${formatMessage(message, pkg)}`),
    ...(types.ok ? [] : [`attw: ${types.output}`]),
  ].map((problem) => `${name} ${problem}`);
}

const problems = [];
const folder = await mkdtemp(join(tmpdir(), 'strata-packages-'));
try {
  for (const lib of await pack(folder)) problems.push(...(await problemsOf(lib)));
} catch (error) {
  problems.push(error.message);
} finally {
  await rm(folder, { recursive: true });
}
if (problems.length > 0) console.error(problems.join('\n'));
process.exitCode = problems.length > 0 ? 1 : 0;
