import { checkAccess } from './access.js';
import { sayWithAdvice } from './advice.js';
import { DataDirError } from './data-dir-error.js';
import { Databases } from './database.js';
import { lockDir } from './lock.js';
import { makeDir } from './make-dir.js';
import { type Damage, readState } from './state-files.js';

/**
 * Return what is damaged in a data directory, and change nothing there. `examineFolders` looks at what is not the
 * store's, while no hub writes it.
 * @throws DataDirError if it may not be read and written, or a hub holds it
 */
export async function examine(
  dir: string,
  folders: readonly string[],
  examineFolders: () => Promise<readonly Damage[]>,
): Promise<readonly Damage[]> {
  try {
    makeDir(dir, 0o700);
  } catch (error) {
    throw new DataDirError(dir, `cannot be used: ${sayWithAdvice(error)}`);
  }
  checkAccess(dir, folders);
  const lock = await lockDir(dir);
  try {
    return [...readState(dir, new Databases()).damages, ...(await examineFolders())];
  } finally {
    await lock.release();
  }
}
