import { open, type RootDatabase } from 'lmdb';

/** File of an LMDB environment in its directory, and that of its readers, which LMDB makes anew. */
export const DATA_FILE = 'data.mdb';
export const LOCK_FILE = 'lock.mdb';

/** Databases in one environment, all of them; LMDB wants to know beforehand. */
const MAX_DATABASES = 32;

/** Tells a database of bytes from one of sealed JSON, by its name in LMDB. */
export const BINARY_PREFIX = 'bytes:';

/** Of lmdb's statistics, which it does not type. */
export interface Stats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  readonly entryCount: number;
}

export function openEnvironment(dir: string): RootDatabase {
  return open({ path: dir, noSubdir: false, maxDbs: MAX_DATABASES, encoding: 'json' });
}

/** Pages of a database's tree. */
export function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: Stats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
