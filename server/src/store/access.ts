import { accessSync, closeSync, constants, existsSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isOfTheDisk } from './advice.js';
import { DataDirError } from './data-dir-error.js';
import { isStateFile } from './state-files.js';

const { R_OK, W_OK, X_OK } = constants;

/**
 * Check that this process may use a data directory, before anything is read. A file that cannot be opened is not
 * damaged. `folders` are folders in it whose files belong to the hub, too.
 * @throws DataDirError that says what to do
 */
export function checkAccess(dir: string, folders: readonly string[]): void {
  checkFolder(dir, dir);
  for (const name of readdirSync(dir)) if (isStateFile(name)) checkFile(dir, join(dir, name));
  for (const folder of folders) checkTree(dir, join(dir, folder));
  checkWritable(dir);
}

function checkTree(dir: string, folder: string): void {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return;
  checkFolder(dir, folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) checkTree(dir, path);
    else if (entry.isFile()) checkFile(dir, path);
  }
}

function checkFolder(dir: string, folder: string): void {
  checkMode(dir, folder, R_OK | W_OK | X_OK);
}

function checkFile(dir: string, path: string): void {
  const { uid } = statSync(path);
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    throw new DataDirError(
      dir,
      `holds a file of another user: ${path} belongs to uid ${uid}, and the hub runs as uid ${own}. ` +
        `Start the hub as uid ${uid}, or run chown -R ${own} ${dir}`,
      { isMisplaced: true },
    );
  }
  checkMode(dir, path, R_OK | W_OK);
}

function checkMode(dir: string, path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw refusal(dir, path, error);
  }
}

/** Some file systems refuse what their modes allow. A full disk is no reason not to start. */
function checkWritable(dir: string): void {
  const path = join(dir, `probe-${process.pid}`);
  try {
    closeSync(openSync(path, 'w'));
  } catch (error) {
    if (!isOfTheDisk(error)) throw refusal(dir, path, error);
  } finally {
    rmSync(path, { force: true });
  }
}

function refusal(dir: string, path: string, error: unknown): DataDirError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EROFS') {
    const why = `is on a file system that is mounted read-only (EROFS: ${path}). Mount it for writing`;
    return new DataDirError(dir, why, { isMisplaced: true });
  }
  if (code !== 'EACCES' && code !== 'EPERM') {
    return new DataDirError(dir, `cannot be used: ${message}`, { isMisplaced: true });
  }
  const own = process.geteuid?.() ?? 0;
  const why =
    `cannot be used: ${code}: uid ${own} may not read and write ${path}. ` +
    `Run chown -R ${own} ${dir} and chmod -R u+rwX ${dir}, or start the hub as their owner`;
  return new DataDirError(dir, why, { isMisplaced: true });
}
