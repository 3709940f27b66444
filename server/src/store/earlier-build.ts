import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files of LMDB, in which earlier builds kept what they had to remember, and those that they set aside. */
const LMDB_FILE = /^(data\.mdb.*|lock\.mdb)$/;
const ASIDE = 'earlier-build';

/**
 * Move the databases of an earlier build aside. Return where they lie now, or null if there are none. `folders`:
 * folders of the data directory that had a database.
 */
export function setAsideEarlierBuild(dir: string, folders: readonly string[]): string | null {
  const aside = join(dir, ASIDE);
  let hasMoved = false;
  for (const folder of ['', ...folders]) {
    const from = join(dir, folder);
    const names = statSync(from, { throwIfNoEntry: false })?.isDirectory()
      ? readdirSync(from).filter((name) => LMDB_FILE.test(name))
      : [];
    if (names.length === 0) continue;
    mkdirSync(join(aside, folder), { recursive: true, mode: 0o700 });
    for (const name of names) renameSync(join(from, name), join(aside, folder, name));
    hasMoved = true;
  }
  return hasMoved ? aside : null;
}
