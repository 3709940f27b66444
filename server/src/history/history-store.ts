import type { TableName } from '@auralis/shared';
import type { Database, Key, Store, Transaction } from '../store/store.js';
import { type Resolution, reachOf } from './resolutions.js';

/** A table as it is to be kept: `bytes` is a SNAPSHOT of the live protocol. */
export interface Recorded {
  readonly resolution: Resolution;
  readonly table: TableName;
  /** ms since 1970, whole. */
  readonly t: number;
  readonly bytes: Uint8Array;
}

/** There is nothing to look back at: its store cannot be opened. */
export class HistoryUnavailableError extends Error {
  override readonly name = 'HistoryUnavailableError';

  constructor(why: string) {
    super(`history is not there: ${why}`);
  }
}

/** Snapshots that are removed with each `append` at most: several times what it adds, and nothing that holds a commit up. */
const MAX_REMOVED = 64;

/**
 * History in a store of its own, so that neither its bulk nor its damage is anybody else's. It is opened by the first
 * `append`, and by a later one where that failed.
 */
export class HistoryStore {
  readonly #open: () => Promise<Store>;
  #snapshots: Promise<Snapshots> | null = null;
  #why = 'it has not been opened yet';

  constructor(open: () => Promise<Store>) {
    this.#open = open;
  }

  /**
   * Keeps `recorded`, and removes a bounded number of those that are too old or, where a resolution is full, the oldest.
   * Done when it is safe from the death of the process. @throws what the disk says
   */
  async append(recorded: readonly Recorded[], now: number): Promise<void> {
    this.#snapshots ??= this.#open().then((store) => new Snapshots(store));
    try {
      await this.#snapshots;
    } catch (error) {
      this.#snapshots = null;
      this.#why = (error as Error).message;
      throw error;
    }
    await (await this.#snapshots).append(recorded, now);
  }

  /** What is kept, once it is open. @throws HistoryUnavailableError */
  async read(): Promise<Snapshots> {
    const snapshots = await this.#snapshots?.catch(() => null);
    if (snapshots) return snapshots;
    throw new HistoryUnavailableError(this.#why);
  }

  async close(): Promise<void> {
    const snapshots = await this.#snapshots?.catch(() => null);
    this.#snapshots = null;
    this.#why = 'the hub is shutting down';
    await snapshots?.close();
  }
}

/**
 * Snapshots by resolution, time and table. Time comes before the table in a key, so that what is recorded together lies
 * together: with the table first, each second wrote a page for each table.
 */
export class Snapshots {
  readonly #store: Store;
  readonly #databases = new Map<string, Database<Uint8Array>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async append(recorded: readonly Recorded[], now: number): Promise<void> {
    const transaction = this.#store.begin();
    for (const { resolution, table, t, bytes } of recorded) transaction.put(this.#of(resolution), [t, table], bytes);
    for (const resolution of new Set(recorded.map((one) => one.resolution))) this.#prune(transaction, resolution, now);
    await transaction.commit();
  }

  /** When the tables were last recorded at or before `t`; null: never, as far as is kept. */
  timeUpTo(resolution: Resolution, t: number): number | null {
    // Times are whole, so all tables of one come before the next number alone.
    return timeOf(this.#of(resolution).keysFrom([Math.floor(t) + 1], 'down', 1));
  }

  /** When the tables were first recorded at or after `t`. */
  timeFrom(resolution: Resolution, t: number): number | null {
    return timeOf(this.#of(resolution).keysFrom([Math.ceil(t)], 'up', 1));
  }

  /** The table as it was at a time of the above. */
  get(resolution: Resolution, t: number, table: TableName): Uint8Array | undefined {
    return this.#of(resolution).get([t, table]);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #prune(transaction: Transaction, resolution: Resolution, now: number): void {
    const database = this.#of(resolution);
    const isFull = database.bytes > resolution.maxBytes;
    const reach = reachOf(resolution, now);
    for (const key of database.keysFrom([0], 'up', MAX_REMOVED)) {
      if (!isFull && (timeOf([key]) ?? 0) >= reach) return;
      transaction.remove(database, key);
    }
  }

  #of({ name }: Resolution): Database<Uint8Array> {
    const database = this.#databases.get(name) ?? this.#store.binaryDatabase(name);
    this.#databases.set(name, database);
    return database;
  }
}

function timeOf([key]: readonly Key[]): number | null {
  return key === undefined ? null : Number(key[0]);
}
