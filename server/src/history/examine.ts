import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeDamage, readRecords } from '../store/record.js';
import type { Damage } from '../store/store.js';

/** Read all files of history, and return those that are damaged. */
export async function examineHistory(folder: string): Promise<Damage[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const damages: Damage[] = [];
  for (const entry of entries.filter(({ name }) => name.endsWith('.seg'))) {
    const file = join(entry.parentPath, entry.name);
    const { damaged } = readRecords(await readFile(file), () => {});
    if (damaged.length > 0) damages.push({ file, why: describeDamage(damaged) });
  }
  return damages;
}
