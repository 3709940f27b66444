/**
 * `node probe.js DIR COPY`: reads all that is in an LMDB environment, and sees by a copy whether it can be written. lmdb ends the process
 * (SIGSEGV, SIGBUS) over a file that is damaged in the wrong place, so this is a process of its own: that it lives to exit with
 * 0 says that its parent may open the environment. Where it finds the damage itself it exits with DAMAGED, and says where.
 */
import { constants, copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { BINARY_PREFIX, DATA_FILE, openEnvironment, pagesOf, type Stats } from './environment.js';
import { DAMAGED } from './examine.js';
import { unseal } from './sealed.js';

/** JSON that fills a page of its own. */
const A_PAGE = JSON.stringify('x'.repeat(3000));
/** Free pages that are tried at most: a transaction has a bound too. */
const MAX_PAGES_TRIED = 20_000;

/** What the system says is not damage: a full disk, a file that may not be read. */
const SYSTEM = /ENOSPC|EACCES|EPERM|EROFS|EMFILE|ENFILE|EAGAIN/;

function probe(dir: string, copy: string): void {
  const { size } = statSync(join(dir, DATA_FILE));
  const root = openEnvironment(dir);
  const { pageSize } = root.getStats() as Stats;
  const free = Math.ceil(size / pageSize) - readAll(root);
  mkdirSync(copy);
  copyFileSync(join(dir, DATA_FILE), join(copy, DATA_FILE), constants.COPYFILE_FICLONE);
  useFreePages(openEnvironment(copy), free);
}

/** Reads all entries by order and by key; returns how many pages they take. */
function readAll(root: RootDatabase): number {
  const stats = root.getStats() as Stats;
  let pages = pagesOf(stats);
  for (const key of bounded(root.getKeys(), stats, 'databases')) {
    const name = String(key);
    pages += name.startsWith(BINARY_PREFIX) ? readBytes(root, name) : readSealed(root, name);
  }
  return pages;
}

function readSealed(root: RootDatabase, name: string): number {
  const database = root.openDB<string>(name, { encoding: 'string' });
  const stats = database.getStats() as Stats;
  for (const { key, value } of bounded(database.getRange({ snapshot: true }), stats, name)) {
    unseal(key, value);
    // What is not found by its key could never be removed, and would be told for ever.
    if (!database.doesExist(key)) throw new Error(`${name}: ${JSON.stringify(key)} is not where it should be`);
  }
  return pagesOf(stats);
}

function readBytes(root: RootDatabase, name: string): number {
  const database = root.openDB<Uint8Array>(name, { encoding: 'binary' });
  const stats = database.getStats() as Stats;
  for (const key of bounded(database.getKeys(), stats, name)) {
    // Its last byte lies on its last page, which may be one too many for a file that was cut off.
    if (database.get(key)?.at(-1) === undefined) throw new Error(`${name}: ${String(key)} is not where it should be`);
  }
  return pagesOf(stats);
}

/** Pages that lead in a circle never end. */
function* bounded<Item>(items: Iterable<Item>, { entryCount }: Stats, name: string): Generator<Item> {
  let found = 0;
  for (const item of items) {
    if (++found > entryCount) break;
    yield item;
  }
  if (found !== entryCount)
    throw new Error(`${name}: ${found} entries or more, and it says that there are ${entryCount}`);
}

/**
 * The list of free pages is read when pages are written. Where it is wrong, pages that are in use are written over, and that shows
 * when all is read after the commit. Then the pages are freed, and others used for that.
 */
function useFreePages(root: RootDatabase, free: number): void {
  const database = root.openDB<string>('probe', { encoding: 'string' });
  const keys = Array.from({ length: Math.min(free, MAX_PAGES_TRIED) }, (_, page) => `page ${page}`);
  root.transactionSync(() => {
    for (const key of keys) database.putSync(key, A_PAGE);
  });
  readAll(root);
  root.transactionSync(() => {
    for (const key of keys) database.removeSync(key);
  });
  readAll(root);
}

try {
  const [dir = '', copy = ''] = process.argv.slice(2);
  probe(dir, copy);
  process.exit(0);
} catch (error) {
  const { message, code } = error as Error & { readonly code?: unknown };
  process.stderr.write(`${message}\n`);
  process.exit(SYSTEM.test(`${message} ${String(code)}`) ? 1 : DAMAGED);
}
