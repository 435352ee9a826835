/**
 * Keeps the code in the Markdown pages in step with compiled examples.
 *
 * A fenced block that follows `<!-- example: libs/cache/examples/quick-start.ts#region -->` must equal the lines from
 * `// #region <region>` to `// #endregion` of that file (the whole file when no region is named). Every TypeScript block
 * needs such a line; `<!-- example: none -->` says that a block is not meant to compile.
 *
 * `node tools/check-snippets.mjs` fails on drift, `node tools/check-snippets.mjs --write` brings the pages in step.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libs, root } from './libs.mjs';

const FENCE = /^(`{3,})(\w*)/;
const MARKER = /^<!-- example: (\S+) -->$/;
const TYPESCRIPT = ['ts', 'typescript'];

async function markdownPages() {
  const inDocs = await readdir(join(root, 'docs'), { recursive: true });
  const pages = ['.', ...(await libs()), 'apps/storytime'].map((folder) => join(folder, 'README.md'));
  const all = ['CONTRIBUTING.md', ...pages, ...inDocs.map((page) => join('docs', page))];
  const read = all.map(async (page) => ({
    page,
    text: await readFile(join(root, page), 'utf8').catch(() => undefined),
  }));
  return (await Promise.all(read)).filter(({ page, text }) => page.endsWith('.md') && text !== undefined);
}

/** The lines of an example, without the indent they share and without markers of other regions. */
async function example(reference) {
  const [file, region] = reference.split('#');
  const lines = (await readFile(join(root, file), 'utf8')).trimEnd().split('\n');
  const body = region === undefined ? lines : linesOfRegion(lines, region);
  const code = body.filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line));
  const indent = Math.min(...code.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return code.map((line) => line.slice(indent));
}

function linesOfRegion(lines, region) {
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  if (start === -1) throw new Error(`it has no line "// #region ${region}"`);
  let depth = 1;
  for (let end = start + 1; end < lines.length; end++) {
    if (/^\s*\/\/ #region\b/.test(lines[end])) depth++;
    if (/^\s*\/\/ #endregion\b/.test(lines[end])) depth--;
    if (depth === 0) return lines.slice(start + 1, end);
  }
  throw new Error(`"// #region ${region}" lacks its "// #endregion"`);
}

/** What a block must show, or why it is wrong as it stands. */
async function expected(shown, language, reference) {
  if (reference === undefined && TYPESCRIPT.includes(language)) {
    return { problem: 'a TypeScript block needs a line "<!-- example: path/to/example.ts#region -->" before it' };
  }
  if (reference === undefined || reference === 'none') return { code: shown };
  try {
    return { code: await example(reference) };
  } catch (error) {
    return { problem: `the example ${reference} cannot be shown: ${error.message}` };
  }
}

/** The page with every block in step, the blocks that were not, and the blocks that cannot be. */
async function inspect({ page, text }) {
  const lines = text.split('\n');
  const result = [];
  const drifted = [];
  const broken = [];
  let reference;
  for (let at = 0; at < lines.length; at++) {
    const place = `${page}:${at + 1}`;
    const [, ticks, language] = FENCE.exec(lines[at]) ?? [];
    result.push(lines[at]);
    if (ticks === undefined) {
      if (lines[at].trim() !== '') reference = MARKER.exec(lines[at])?.[1];
      continue;
    }
    const end = lines.indexOf(ticks, at + 1);
    if (end === -1) return { page, text, drifted, broken: [...broken, `${place} this code block never ends`] };
    const shown = lines.slice(at + 1, end);
    const { code = shown, problem } = await expected(shown, language, reference);
    if (problem !== undefined) broken.push(`${place} ${problem}`);
    if (code.join('\n') !== shown.join('\n')) drifted.push(`${place} this block differs from ${reference}`);
    result.push(...code, lines[end]);
    reference = undefined;
    at = end;
  }
  return { page, text: result.join('\n'), drifted, broken };
}

const write = process.argv.includes('--write');
const problems = [];
for (const { page, text, drifted, broken } of await Promise.all((await markdownPages()).map(inspect))) {
  if (write && drifted.length > 0) await writeFile(join(root, page), text);
  problems.push(
    ...broken,
    ...(write ? [] : drifted.map((what) => `${what}: \`npm run snippets -- --write\` mends it`)),
  );
}
if (problems.length > 0) console.error(problems.join('\n'));
process.exitCode = problems.length > 0 ? 1 : 0;
