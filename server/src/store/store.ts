import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Database as LmdbDatabase, open, type RootDatabase } from 'lmdb';
import { DataDirError } from './data-dir-error.js';
import { type DirLock, lockDir } from './lock.js';

/** Databases in one data directory, all of them; LMDB wants to know beforehand. */
const MAX_DATABASES = 32;

/** Tells a database of bytes from one of JSON, by its name in LMDB. */
const BINARY_PREFIX = 'bytes:';

/** A key: a name alone, or parts that order the entries one after another, numbers before names. */
export type Key = string | readonly (string | number)[];

/**
 * What the hub remembers over its restarts: named databases of JSON values, or of bytes, in one directory (LMDB), held by
 * one hub alone.
 *
 * Reading is synchronous, from the memory map. Writing goes through a `Transaction`, off the event loop. What is committed
 * survives the death of the process (`kill -9`); of a machine that loses power, all but the last moments, and never half
 * of a transaction.
 */
export class Store {
  readonly #root: RootDatabase;
  readonly #lock: DirLock;

  private constructor(root: RootDatabase, lock: DirLock) {
    this.#root = root;
    this.#lock = lock;
  }

  /**
   * Opens `dir`, which is made where it does not exist, and holds it until `close` or the end of the process.
   * @throws DataDirError where it cannot be written, or another hub holds it
   */
  static async open(dir: string): Promise<Store> {
    const root = openRoot(dir);
    try {
      const lock = await lockDir(root, dir);
      readAll(root);
      return new Store(root, lock);
    } catch (error) {
      await root.close();
      if (error instanceof DataDirError) throw error;
      const { code, message } = error as Error & { readonly code?: unknown };
      // What LMDB itself finds wrong has a negative code; what the system does, such as a full disk, has none or another.
      const isDamage = typeof code === 'number' && code < 0;
      throw new DataDirError(dir, `cannot be used: ${isDamage ? `${DAMAGED} (${message})` : message}`);
    }
  }

  /** The database of this name; it comes into being with its first entry. */
  database<Value>(name: string): Database<Value> {
    return new Database(this.#root.openDB<Value, Key & string>(name, { encoding: 'json' }));
  }

  /** A database whose values are bytes. Those that are put must not change until they are committed; those read are copies. */
  binaryDatabase(name: string): Database<Uint8Array> {
    return new Database(this.#root.openDB<Uint8Array, Key & string>(BINARY_PREFIX + name, { encoding: 'binary' }));
  }

  /** Removes databases of bytes; returns whether there were any. Their room is for the others, and the file stays as long. */
  discard(names: readonly string[]): boolean {
    const found = new Set(Array.from(this.#root.getKeys(), String));
    const going = names.map((name) => BINARY_PREFIX + name).filter((name) => found.has(name));
    for (const name of going) this.#root.openDB(name, { encoding: 'binary' }).dropSync();
    return going.length > 0;
  }

  /** Writes to collect and then commit together. */
  begin(): Transaction {
    return new Transaction(this.#root);
  }

  /** What was committed is on the disk when this is done. */
  async close(): Promise<void> {
    await this.#root.flushed;
    await this.#lock.release();
    // What was read last holds a snapshot that lmdb gives back by a timer of 0 ms; it throws where the database has gone.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await this.#root.close();
  }
}

/** Of lmdb's statistics, which it does not type. */
interface PageCounts {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Entries by key, in the order of their keys. */
export class Database<Value> {
  /** For `Transaction` alone. */
  readonly inner: LmdbDatabase<Value, Key & string>;

  constructor(inner: LmdbDatabase<Value, Key & string>) {
    this.inner = inner;
  }

  get(key: Key): Value | undefined {
    return this.inner.get(key as Key & string);
  }

  /** Every entry, in order. */
  entries(): Iterable<{ key: Key; value: Value }> {
    return this.inner.getRange();
  }

  /** The entries whose key begins with `name`, in order; at most `limit`. */
  entriesOf(name: string, limit = Number.POSITIVE_INFINITY): Iterable<{ key: Key; value: Value }> {
    const range = { start: [name] as unknown as string, end: [`${name}\0`] as unknown as string };
    return this.inner.getRange(Number.isFinite(limit) ? { ...range, limit } : range);
  }

  /** Keys in order, from `start` on (itself included) upwards or downwards; at most `limit`. */
  keysFrom(start: Key, direction: 'up' | 'down', limit: number): Key[] {
    return Array.from(this.inner.getKeys({ start: start as Key & string, reverse: direction === 'down', limit }));
  }

  /** What its entries take on the disk, in whole pages. */
  get bytes(): number {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.inner.getStats() as PageCounts;
    return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
  }
}

/**
 * Writes that take place together or not at all.
 *
 * They are collected and handed over in one go, because the callbacks of lmdb's own asynchronous transactions are never
 * called on every system (not on Node 20.20 under Linux 6.18, say), and its synchronous ones stop the event loop for the
 * disk. So nothing that is written can be read before `commit` is done.
 */
export class Transaction {
  readonly #root: RootDatabase;
  readonly #writes: (() => Promise<boolean>)[] = [];

  constructor(root: RootDatabase) {
    this.#root = root;
  }

  put<Value>(database: Database<Value>, key: Key, value: Value): void {
    this.#writes.push(() => database.inner.put(key as Key & string, value));
  }

  remove<Value>(database: Database<Value>, key: Key): void {
    this.#writes.push(() => database.inner.remove(key as Key & string));
  }

  /** Done when all of it is safe from the death of the process. @throws what the disk says */
  async commit(): Promise<void> {
    if (this.#writes.length === 0) return;
    const done: Promise<boolean>[] = [];
    const batch = this.#root.batch(() => {
      for (const write of this.#writes) done.push(write());
    });
    try {
      // All at once: when a commit fails, each of them does.
      await Promise.all([batch, ...done]);
    } catch (error) {
      throw await reasonOf(error);
    }
  }
}

/**
 * lmdb's errors of commits say nothing, and have a promise beside them that rejects with what the disk says, in the same
 * turn: unheeded, it would be a rejection that nobody handles.
 */
async function reasonOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  try {
    await Promise.race([commitError, nextTurn()]);
    return error;
  } catch (reason) {
    return reason;
  }
}

const DAMAGED = 'data.mdb in it is damaged, or not the hub’s: move it away to start anew';

/** Where in its first two pages, of which the one with the higher transaction is true, LMDB says what, and what it says. */
const MAGIC_OFFSET = 24;
const MAGIC = Buffer.from('dec0efbe02000000', 'hex');
const PAGE_SIZE_OFFSET = 48;
/** Pages at which the list of free pages and that of databases begin. */
const ROOT_OFFSETS = [88, 136];
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const TRANSACTION_OFFSET = 152;
const META_BYTES = 160;
/** Without these two pages a file is no database. */
const MIN_BYTES = 2 * 4096;

/** lmdb itself ends the process (SIGSEGV, SIGBUS) over a file that is no database of its, or that has been cut off. */
function checkFile(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size !== 0 && !(size >= MIN_BYTES && isWhole(file, size))) throw new Error(DAMAGED);
  } finally {
    closeSync(file);
  }
}

/** What LMDB begins a directory with, bytes, and then some. */
const FIRST_BYTES = 64 * 1024;

/** On a disk that is full, lmdb maps a file there for which is no room, and ends the process (SIGBUS). */
function checkRoom(dir: string): void {
  if (existsSync(join(dir, 'lock.mdb'))) return;
  const probe = join(dir, `room-${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(FIRST_BYTES));
  } finally {
    rmSync(probe, { force: true });
  }
}

function isWhole(file: number, size: number): boolean {
  const read = (position: number) => {
    const found = Buffer.alloc(META_BYTES);
    readSync(file, found, 0, META_BYTES, position);
    return found;
  };
  const first = read(0);
  if (!first.subarray(MAGIC_OFFSET).subarray(0, MAGIC.length).equals(MAGIC)) return false;
  const pageSize = first.readUInt32LE(PAGE_SIZE_OFFSET);
  const second = read(pageSize);
  const isSecond = second.readBigUInt64LE(TRANSACTION_OFFSET) > first.readBigUInt64LE(TRANSACTION_OFFSET);
  const roots = ROOT_OFFSETS.map((at) => (isSecond ? second : first).readBigUInt64LE(at));
  return roots.every((root) => root === NO_ROOT || (root + 1n) * BigInt(pageSize) <= BigInt(size));
}

/**
 * Damage is found at the start, where somebody looks, and not by whatever reads first later. Databases of bytes may be a
 * gigabyte, and nobody waits for that to be read: of them the ends are.
 */
function readAll(root: RootDatabase): void {
  for (const key of root.getKeys()) {
    const name = String(key);
    if (name.startsWith(BINARY_PREFIX)) {
      const database = root.openDB(name, { encoding: 'binary' });
      for (const reverse of [false, true]) for (const _ of database.getRange({ limit: 1, reverse }));
    } else {
      for (const _ of root.openDB(name, { encoding: 'json' }).getRange());
    }
  }
}

function openRoot(dir: string): RootDatabase {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
    checkFile(join(dir, 'data.mdb'));
    checkRoom(dir);
    return open({ path: dir, noSubdir: false, maxDbs: MAX_DATABASES, encoding: 'json' });
  } catch (error) {
    throw new DataDirError(dir, `cannot be used: ${(error as Error).message}`);
  }
}
