import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** Reads the pipe from this process, which the system closes however this process ends. */
const GUARD = `trap '' INT TERM HUP; read -r _; kill -KILL "$1"`;

/**
 * Kills a process when this one ends, even by SIGKILL, and even if the other one is stopped by SIGSTOP or caught in a
 * loop. Returns the function that ends the watch. Needs a POSIX shell.
 */
export function guardAgainstOrphaning(pid: number): () => void {
  const guard: ChildProcess = spawn('/bin/sh', ['-c', GUARD, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined); // without a shell workers end by themselves in all but the rarest cases
  guard.unref();
  return () => void guard.kill('SIGKILL');
}
