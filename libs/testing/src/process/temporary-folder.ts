import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty folder for one server and hands it to `use`; it is deleted if that fails. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-'));
  try {
    return await use(folder);
  } catch (error) {
    await deleteFolder(folder);
    throw error;
  }
}

/** Deletes a folder with all that is in it; a folder that is gone is fine. */
export async function deleteFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
