import { delimiter, join } from 'node:path';
import type { Machine } from './machine.js';

/** The path of a program, found as a shell finds it: a name on the PATH, or a path as it stands. */
export async function findCommand(machine: Machine, command: string): Promise<string | undefined> {
  const folders = command.includes('/') ? [''] : (machine.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const folder of folders) {
    const path = join(folder, command);
    if (await machine.isExecutable(path)) return path;
  }
  return undefined;
}
