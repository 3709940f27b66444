import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database as LmdbDatabase, RangeIterable, RootDatabase } from 'lmdb';
import { makeDir } from '../make-dir.js';
import { DataDirError } from './data-dir-error.js';
import { BINARY_PREFIX, LOCK_FILE, openEnvironment, pagesOf, type Stats } from './environment.js';
import { type Damage, examine, setAside } from './examine.js';
import { type DirLock, lockDir } from './lock.js';
import { seal, unseal } from './sealed.js';

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
  /** What lay there and could not be used; null: it could be, or there was nothing. */
  readonly damage: Damage | null;
  readonly #root: RootDatabase;
  readonly #lock: DirLock;

  private constructor(root: RootDatabase, lock: DirLock, damage: Damage | null) {
    this.#root = root;
    this.#lock = lock;
    this.damage = damage;
  }

  /**
   * Opens `dir`, which is made where it does not exist, and holds it until `close` or the end of the process. A database in
   * it that is damaged is moved aside, and a new one begun.
   * @throws DataDirError where it cannot be written, or another hub holds it
   */
  static async open(dir: string): Promise<Store> {
    const failed = (error: unknown, isMisplaced = false) =>
      error instanceof DataDirError
        ? error
        : new DataDirError(dir, `cannot be used: ${(error as Error).message}`, { isMisplaced });
    let lock: DirLock | null = null;
    try {
      prepare(dir);
    } catch (error) {
      throw failed(error, !OF_THE_DISK.has((error as NodeJS.ErrnoException).code));
    }
    try {
      lock = await lockDir(dir);
      const why = await examine(dir);
      const damage = why === null ? null : setAside(dir, why, new Date());
      return new Store(openEnvironment(dir), lock, damage);
    } catch (error) {
      await lock?.release();
      throw failed(error);
    }
  }

  /** The database of this name; it comes into being with its first entry. */
  database<Value>(name: string): Database<Value> {
    return new Database<Value>(this.#root.openDB(name, { encoding: 'string' }), SEALED as Codec<Value>);
  }

  /** A database whose values are bytes. Those that are put must not change until they are committed; those read are copies. */
  binaryDatabase(name: string): Database<Uint8Array> {
    return new Database(this.#root.openDB(BINARY_PREFIX + name, { encoding: 'binary' }), BYTES);
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

/** How a value lies in LMDB. */
interface Codec<Value> {
  encode(key: Key, value: Value): string | Uint8Array;
  decode(key: Key, stored: never): Value;
}

const SEALED: Codec<never> = { encode: seal, decode: unseal };
const BYTES: Codec<Uint8Array> = { encode: (_, bytes) => bytes, decode: (_, bytes) => bytes };

/** Entries by key, in the order of their keys. */
export class Database<Value> {
  /** Both for `Transaction` alone. */
  readonly inner: LmdbDatabase<unknown, Key & string>;
  readonly codec: Codec<Value>;

  constructor(inner: LmdbDatabase<unknown, Key & string>, codec: Codec<Value>) {
    this.inner = inner;
    this.codec = codec;
  }

  get(key: Key): Value | undefined {
    const stored = this.inner.get(key as Key & string);
    return stored === undefined ? undefined : this.codec.decode(key, stored as never);
  }

  /** Every entry, in order. */
  entries(): Iterable<{ key: Key; value: Value }> {
    return this.#decoded(this.inner.getRange());
  }

  /** The entries whose key begins with `name`, in order; at most `limit`. */
  entriesOf(name: string, limit = Number.POSITIVE_INFINITY): Iterable<{ key: Key; value: Value }> {
    const range = { start: [name] as unknown as string, end: [`${name}\0`] as unknown as string };
    return this.#decoded(this.inner.getRange(Number.isFinite(limit) ? { ...range, limit } : range));
  }

  /** Keys in order, from `start` on (itself included) upwards or downwards; at most `limit`. */
  keysFrom(start: Key, direction: 'up' | 'down', limit: number): Key[] {
    return Array.from(this.inner.getKeys({ start: start as Key & string, reverse: direction === 'down', limit }));
  }

  /** What its entries take on the disk, in whole pages. */
  get bytes(): number {
    const stats = this.inner.getStats() as Stats;
    return stats.pageSize * pagesOf(stats);
  }

  #decoded(entries: RangeIterable<{ key: Key; value: unknown }>): Iterable<{ key: Key; value: Value }> {
    return entries.map(({ key, value }) => ({ key, value: this.codec.decode(key, value as never) }));
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
    this.#writes.push(() => database.inner.put(key as Key & string, database.codec.encode(key, value)));
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

/** What LMDB begins a directory with, bytes, and then some. */
const FIRST_BYTES = 64 * 1024;

/** A disk that is full, or broken: the directory itself may well be meant. */
const OF_THE_DISK: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

function prepare(dir: string): void {
  makeDir(dir, 0o700);
  accessSync(dir, constants.W_OK | constants.X_OK);
  if (existsSync(join(dir, LOCK_FILE))) return;
  // On a disk that is full, lmdb maps a file there for which is no room, and ends the process (SIGBUS).
  const probe = join(dir, `room-${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(FIRST_BYTES));
  } finally {
    rmSync(probe, { force: true });
  }
}
