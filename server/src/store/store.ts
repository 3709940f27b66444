import { checkAccess } from './access.js';
import { isOfTheDisk, sayWithAdvice } from './advice.js';
import { DataDirError } from './data-dir-error.js';
import { type Database, Databases, type Key, type Write } from './database.js';
import { setAsideEarlierBuild } from './earlier-build.js';
import { type DirLock, lockDir } from './lock.js';
import { makeDir } from './make-dir.js';
import { type Damage, readState } from './state-files.js';
import { StateWriter } from './state-writer.js';

export type { Database, Key } from './database.js';
export type { Damage } from './state-files.js';

/** Time between attempts to store again after a failure. */
const RETRY_MS = 1_000;
/** How often an idle store looks whether its files are still there. */
const LOOK_MS = 5_000;

interface Pending {
  readonly writes: readonly Write[];
  readonly done: () => void;
}

/**
 * State of the hub that outlives restarts: named databases of JSON values in one directory, held by one hub alone.
 *
 * Reading is synchronous, from memory. A transaction can be read once it is on the disk: it survives `kill -9` and a
 * loss of power, whole or not at all. While the disk takes nothing, transactions are kept in memory alone (`failure`
 * says why), the store goes on trying, and as soon as it succeeds everything is stored.
 */
export class Store {
  /** Where the databases of an earlier build lie now; null: there were none. */
  readonly earlierBuild: string | null;
  readonly #dir: string;
  readonly #databases: Databases;
  readonly #writer: StateWriter;
  readonly #looks: NodeJS.Timeout;
  readonly #queue: Pending[] = [];
  readonly #waiting: (() => void)[] = [];
  #lock: DirLock;
  #failure: Error | null = null;
  #failures = 0;
  #writing: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #isClosing = false;

  private constructor(
    dir: string,
    lock: DirLock,
    earlierBuild: string | null,
    databases: Databases,
    writer: StateWriter,
  ) {
    this.#dir = dir;
    this.#lock = lock;
    this.earlierBuild = earlierBuild;
    this.#databases = databases;
    this.#writer = writer;
    this.#looks = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /**
   * Open `dir`, which is made if it is missing, and hold it until `close` or the end of the process. Its content
   * never makes this fail. `folders` are folders in it that belong to the hub too.
   * @throws DataDirError if it may not be read and written, or another hub holds it
   */
  static async open(dir: string, folders: readonly string[] = []): Promise<Store> {
    let lock: DirLock | null = null;
    try {
      makeDir(dir, 0o700);
      checkAccess(dir, folders);
      lock = await lockDir(dir);
      const earlierBuild = setAsideEarlierBuild(dir, folders);
      const databases = new Databases();
      const read = readState(dir, databases);
      const store = new Store(dir, lock, earlierBuild, databases, new StateWriter(dir, databases, read));
      await store.#repair();
      return store;
    } catch (error) {
      await lock?.release();
      if (error instanceof DataDirError) throw error;
      const why = `cannot be used: ${sayWithAdvice(error)}`;
      throw new DataDirError(dir, why, { isMisplaced: lock === null && !isOfTheDisk(error) });
    }
  }

  /** Files in which damage was found when it was opened. */
  get damages(): readonly Damage[] {
    return this.#writer.damages;
  }

  /** Why nothing is stored now; null: everything is. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Attempts that failed since it was opened. */
  get failures(): number {
    return this.#failures;
  }

  /** The database of this name. It comes into being with its first entry. */
  database<Value>(name: string): Database<Value> {
    return this.#databases.of(name) as Database<Value>;
  }

  /** Writes that take place together or not at all. */
  begin(): Transaction {
    return new Transaction((writes) => this.#commit(writes));
  }

  /** Done when everything that was committed so far is on the disk. */
  stored(): Promise<void> {
    if (this.#failure === null && this.#writing === null) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Give the directory back. Failed writes are tried once more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#looks);
    clearTimeout(this.#retry);
    await this.#writing;
    await this.#renewing;
    if (this.#failure !== null) await this.#repair();
    await this.#writer.close();
    await this.#lock.release();
  }

  #commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.#queue.push({ writes, done });
      this.#writing ??= this.#write();
    });
  }

  /** Transactions that come while the disk is busy are written together. */
  async #write(): Promise<void> {
    // Transactions that come right behind each other go together, too.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0);
      if (this.#writer.isWriting) {
        await this.#try(() => this.#writer.append(batch.map(({ writes }) => writes)));
      }
      for (const { writes, done } of batch) {
        this.#databases.apply(writes);
        done();
      }
      // No transaction is under way now: between two journals it would be in neither.
      if (this.#writer.isLong && this.#failure === null && this.#renewing === null) await this.#compact();
    }
    this.#writing = null;
    this.#tellStored();
  }

  /** Go on in a new journal, and put everything before it into a snapshot meanwhile. */
  async #compact(): Promise<void> {
    if (await this.#try(() => this.#writer.beginJournal())) this.#renew(() => this.#writer.writeSnapshot());
  }

  /** Write everything to new files. */
  async #repair(): Promise<void> {
    const isRepaired = await this.#try(async () => {
      makeDir(this.#dir, 0o700);
      // The lock was removed with the directory.
      if (!this.#lock.isInPlace()) {
        await this.#lock.release();
        this.#lock = await lockDir(this.#dir);
      }
      if (!this.#writer.isWriting) await this.#writer.beginJournal();
      await this.#writer.writeSnapshot();
    });
    if (isRepaired) this.#failure = null;
    this.#tellStored();
  }

  #renew(action: () => Promise<void>): void {
    this.#renewing ??= this.#try(action).then(() => {
      this.#renewing = null;
    });
  }

  /** Whether `action` succeeds. If not, everything is stored anew in a while. */
  async #try(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#failed(error as Error);
      return false;
    }
  }

  #failed(error: Error): void {
    this.#failure = error;
    this.#failures++;
    clearTimeout(this.#retry);
    if (!this.#isClosing) this.#retry = setTimeout(() => this.#renew(() => this.#repair()), RETRY_MS).unref();
  }

  #tellStored(): void {
    if (this.#failure !== null || this.#writing !== null) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** A directory that is removed shows at the next write. An idle hub looks for itself. */
  async #look(): Promise<void> {
    if (this.#failure !== null || this.#writing !== null || this.#renewing !== null) return;
    const problem = await this.#writer.missing();
    if (problem !== null) this.#failed(problem);
  }
}

/** Writes that take place together or not at all. Nothing of them can be read before `commit` is done. */
export class Transaction {
  readonly #commit: (writes: readonly Write[]) => Promise<void>;
  readonly #writes: Write[] = [];

  constructor(commit: (writes: readonly Write[]) => Promise<void>) {
    this.#commit = commit;
  }

  put<Value>({ name }: Database<Value>, key: Key, value: Value): void {
    this.#writes.push({ database: name, key, json: JSON.stringify(value) });
  }

  remove<Value>({ name }: Database<Value>, key: Key): void {
    this.#writes.push({ database: name, key, json: null });
  }

  /** Done when all of it can be read. It is stored by then, unless the store has a `failure`. */
  commit(): Promise<void> {
    return this.#commit(this.#writes);
  }
}
