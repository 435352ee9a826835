import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './libs.mjs';

const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);

/**
 * Runs a program of the workspace from its root and resolves with its exit code and what it printed, stdout and stderr
 * interleaved. It never rejects for a program that fails: the caller decides what a failure means.
 */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ok: code === 0, output, stdout }));
  });
}

/** Like {@link run}, for a step that the rest needs: resolves with its stdout, rejects with all it said if it fails. */
export async function runOrFail(command, args) {
  const { ok, output, stdout } = await run(command, args);
  if (!ok) throw new Error(`${[command, ...args].join(' ')} failed:\n${output}`);
  return stdout;
}
