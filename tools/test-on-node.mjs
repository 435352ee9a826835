/** `npm run test:node -- 22 [jest options]` runs the tests on another version of Node, which npx downloads. */
import { spawnSync } from 'node:child_process';
import { root } from './libs.mjs';

const [version, ...options] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version ?? '')) {
  console.error('Say which version of Node to test on: npm run test:node -- 22');
  process.exit(1);
}
const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const npx = ['--yes', '--package', `node@${version}`, '--', 'node', ...jest, ...options];
process.exitCode = spawnSync('npx', npx, { cwd: root, stdio: 'inherit' }).status ?? 1;
