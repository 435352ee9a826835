/**
 * `node tools/count-tests.mjs test-results.json` reads what `npm test -- --json --outputFile=test-results.json` wrote and
 * prints `N passed, N failed`. A suite that broke outside its tests counts as one failed test, and so does a missing or
 * an empty report.
 */
import { readFile } from 'node:fs/promises';

async function count(file) {
  const suites = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text).testResults)
    .catch(() => []);
  const tests = suites.flatMap((suite) => suite.assertionResults.map(({ status }) => status));
  const broken = suites.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some(({ status }) => status === 'failed'),
  );
  const passed = tests.filter((status) => status === 'passed').length;
  const failed = tests.filter((status) => status === 'failed').length + broken.length;
  return { passed, failed: passed + failed === 0 ? 1 : failed };
}

const { passed, failed } = await count(process.argv[2]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
