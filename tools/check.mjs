/**
 * `npm run check` runs every check of the house, two at once, to the end even when one fails. It prints a line per check
 * and the output of those that failed.
 */
import { run } from './run.mjs';

/**
 * The npm scripts to run, the slow ones first, and what each one makes sure of. `npm run lint` remembers the files it has
 * seen, but what it says of a file may depend on others, so here it looks at all of them.
 */
const CHECKS = {
  'lint -- --no-cache': 'ESLint',
  packages: 'what npm pack ships is whole (publint, attw)',
  types: 'TypeScript',
  rooms: 'the arrows between the libs, no cycles',
  unused: 'no dead file, export or dependency',
  'format:check': 'prettier',
  snippets: 'the code in the pages is compiled code',
};
const AT_ONCE = 2;

async function check([command, purpose]) {
  const [script, ...options] = command.split(' ');
  const startedMs = performance.now();
  const { ok, output } = await run('npm', ['run', '--silent', script, ...options]);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${script.padEnd(12)} ${seconds.padStart(5)} s  ${purpose}`);
  return { script, ok, output };
}

const waiting = Object.entries(CHECKS);
const results = [];
async function worker() {
  while (waiting.length > 0) results.push(await check(waiting.shift()));
}
await Promise.all(Array.from({ length: AT_ONCE }, worker));

const failures = results.filter(({ ok }) => !ok);
for (const { script, output } of failures) console.log(`\n── npm run ${script} ──\n${output.trim()}`);
process.exitCode = failures.length > 0 ? 1 : 0;
