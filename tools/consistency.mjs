/**
 * `npm run consistency` runs the suites of test/consistency and prints what they found, per invariant: operations, faults
 * injected, violations, the worst staleness beside the stated bound. It fails on any violation.
 *
 * `npm run consistency:soak` does the same with ten times as many random operations; `-- V1` runs only suites whose file
 * names contain that.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsistencyReport } from '@nest-strata/testing';
import { root } from './libs.mjs';

const SOAK_SCALE = '10';

const given = process.argv.slice(2);
const isSoak = given.includes('--soak');
const wanted = given.filter((argument) => argument !== '--soak');
const folder = await mkdtemp(join(tmpdir(), 'strata-consistency-'));
const file = join(folder, 'report.jsonl');
try {
  const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const suites = wanted.length === 0 ? ['test/consistency'] : wanted.map((name) => `test/consistency/.*${name}`);
  const scale = process.env.STRATA_CONSISTENCY_SCALE ?? (isSoak ? SOAK_SCALE : '1');
  const env = { ...process.env, STRATA_CONSISTENCY_REPORT: file, STRATA_CONSISTENCY_SCALE: scale };
  const timeout = isSoak ? ['--testTimeout=1800000'] : [];
  const { status } = spawnSync('node', [...jest, '--runInBand', ...timeout, ...suites], {
    cwd: root,
    env,
    stdio: 'inherit',
  });

  const report = new ConsistencyReport();
  const lines = existsSync(file) ? (await readFile(file, 'utf8')).trim().split('\n').filter(Boolean) : [];
  for (const line of lines) report.add(JSON.parse(line));
  console.log(`\n${report}\n`);
  process.exitCode = status === 0 && report.violationCount === 0 && lines.length > 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}
