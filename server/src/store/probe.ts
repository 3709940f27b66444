/**
 * `node probe.js DIR`: reads all that is in an LMDB environment, and sees whether it can be written. lmdb ends the process
 * (SIGSEGV, SIGBUS) over a file that is damaged in the wrong place, so this is a process of its own: that it lives to exit with
 * 0 says that its parent may open the environment. Where it finds the damage itself it exits with DAMAGED, and says where.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ABORT, type RootDatabase } from 'lmdb';
import { BINARY_PREFIX, DATA_FILE, openEnvironment, pagesOf, type Stats } from './environment.js';
import { DAMAGED } from './examine.js';
import { unseal } from './sealed.js';

/** Fills a page of its own. */
const A_PAGE = 'x'.repeat(3000);
/** Free pages that are tried at most: a transaction has a bound too. */
const MAX_PAGES_TRIED = 20_000;

/** What the system says is not damage: a full disk, a file that may not be read. */
const SYSTEM = /ENOSPC|EACCES|EPERM|EROFS|EMFILE|ENFILE|EAGAIN/;

function probe(dir: string): void {
  const { size } = statSync(join(dir, DATA_FILE));
  const root = openEnvironment(dir);
  const stats = root.getStats() as Stats;
  let pages = pagesOf(stats);
  for (const key of bounded(root.getKeys(), stats, 'databases')) {
    const name = String(key);
    pages += name.startsWith(BINARY_PREFIX) ? readBytes(root, name) : readSealed(root, name);
  }
  useFreePages(root, Math.ceil(size / stats.pageSize) - pages);
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

/** The list of free pages is read when pages are written, so some are, and nothing is committed. */
function useFreePages(root: RootDatabase, free: number): void {
  root.transactionSync(() => {
    for (let page = 0; page < Math.min(free, MAX_PAGES_TRIED); page++) root.putSync(`probe ${page}`, A_PAGE);
    return ABORT;
  });
}

try {
  probe(process.argv[2] as string);
  process.exit(0);
} catch (error) {
  const { message, code } = error as Error & { readonly code?: unknown };
  process.stderr.write(`${message}\n`);
  process.exit(SYSTEM.test(`${message} ${String(code)}`) ? 1 : DAMAGED);
}
