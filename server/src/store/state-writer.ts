import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Databases, Write } from './database.js';
import { RecordFile, UNPUBLISHED_SUFFIX } from './record-file.js';
import {
  type Damage,
  encodeEnd,
  encodeHead,
  encodeWrites,
  isStateFile,
  numberOf,
  type StateRead,
  stateFileName,
} from './state-files.js';

/**
 * A journal is replaced by a snapshot beyond this, or beyond twice the last snapshot: it is read within 20 ms at the
 * start.
 */
const MIN_JOURNAL_BYTES = 2 ** 20;
/** A snapshot is written in pieces, which take the loop under a millisecond each. */
const PIECE_BYTES = 128 * 1024;
const ASIDE = /^(snapshot|journal)-\d+\.damaged-\w+$/;

/** Writes the files that `readState` reads. */
export class StateWriter {
  readonly #dir: string;
  readonly #databases: Databases;
  #damages: readonly Damage[];
  #journal: RecordFile | null = null;
  #number: number;
  /** Number of the newest snapshot that is whole. */
  #snapshot = 0;
  #snapshotBytes = 0;

  constructor(dir: string, databases: Databases, { damages, names, number }: StateRead) {
    this.#dir = dir;
    this.#databases = databases;
    this.#damages = damages;
    this.#number = number;
    this.#snapshot = Math.max(0, ...names.filter((name) => name.startsWith('snapshot')).map(numberOf));
  }

  /** Damaged files, by the names that they have now. */
  get damages(): readonly Damage[] {
    return this.#damages;
  }

  /** Whether there is a journal that takes writes. */
  get isWriting(): boolean {
    return this.#journal !== null;
  }

  /** Whether a snapshot should replace the journal. */
  get isLong(): boolean {
    return (this.#journal?.size ?? 0) > Math.max(MIN_JOURNAL_BYTES, 2 * this.#snapshotBytes);
  }

  /** Done when the transactions are on the disk. After an error nothing is written until `renew`. */
  async append(transactions: readonly (readonly Write[])[]): Promise<void> {
    const journal = this.#journal as RecordFile;
    try {
      await journal.append(transactions.map((writes) => [encodeWrites(writes)]));
      await journal.sync();
      if (!(await journal.isInPlace())) throw removed(journal.path);
    } catch (error) {
      this.#abandon(journal);
      throw error;
    }
  }

  /** Go on in a new journal. No `append` may be under way. */
  async beginJournal(): Promise<void> {
    const number = this.#number + 1;
    const journal = await this.#begin('journal', number);
    await journal.publish();
    await this.#journal?.close();
    this.#number = number;
    this.#journal = journal;
  }

  /**
   * Write all databases to a snapshot that belongs to the journal, and remove the files that it replaces.
   *
   * Entries that change meanwhile may be in it or not: the journal, which is applied to it, has their last word. So
   * no transaction may miss the journal meanwhile.
   */
  async writeSnapshot(): Promise<void> {
    const journal = this.#journal;
    const snapshot = await this.#begin('snapshot', this.#number);
    try {
      let entries = 0;
      for (const piece of pieces(this.#databases.all())) {
        await snapshot.append(piece.map((payload) => [payload]));
        entries += piece.length;
      }
      await snapshot.append([[encodeEnd(entries)]]);
      if (journal !== this.#journal) throw new Error('the journal failed while its snapshot was written');
      await snapshot.publish();
    } catch (error) {
      discard(snapshot);
      throw error;
    }
    await snapshot.close();
    this.#snapshot = this.#number;
    this.#snapshotBytes = snapshot.size;
    this.#tidy();
  }

  /** The error to report if the files are gone; null if all is well. */
  async missing(): Promise<Error | null> {
    const journal = this.#journal;
    if (journal === null || (await journal.isInPlace())) return null;
    // It may have been replaced meanwhile.
    if (journal !== this.#journal) return null;
    this.#abandon(journal);
    return removed(journal.path);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = null;
  }

  async #begin(kind: 'journal' | 'snapshot', number: number): Promise<RecordFile> {
    const file = await RecordFile.create(join(this.#dir, stateFileName(kind, number)));
    try {
      await file.append([[encodeHead(kind, number, this.#snapshot)]]);
    } catch (error) {
      discard(file);
      throw error;
    }
    return file;
  }

  /**
   * Remove files that the snapshot replaces, and those that a crash left. Damaged ones are kept, but only the last.
   */
  #tidy(): void {
    const damages = this.#damages.filter(({ file }) => isStateFile(basename(file)) && existsSync(file));
    const names = readdirSync(this.#dir);
    if (damages.length > 0) {
      for (const name of names) if (ASIDE.test(name)) rmSync(join(this.#dir, name), { force: true });
      const ending = `.damaged-${new Date().toISOString().replace(/\W/g, '')}`;
      for (const { file } of damages) renameSync(file, file + ending);
      this.#damages = this.#damages.map((damage) =>
        damages.includes(damage) ? { ...damage, file: damage.file + ending } : damage,
      );
    }
    for (const name of names) {
      const isOld = isStateFile(name) && numberOf(name) < this.#snapshot;
      const isLeft = name.endsWith(UNPUBLISHED_SUFFIX) && isStateFile(name.slice(0, -UNPUBLISHED_SUFFIX.length));
      if (isOld || isLeft) rmSync(join(this.#dir, name), { force: true });
    }
  }

  #abandon(journal: RecordFile): void {
    if (this.#journal === journal) this.#journal = null;
    void journal.close();
  }
}

/** Close and remove a file that was not published. */
function discard(file: RecordFile): void {
  void file.close();
  rmSync(`${file.path}${UNPUBLISHED_SUFFIX}`, { force: true });
}

function* pieces(writes: Iterable<Write>): Generator<Buffer[]> {
  let piece: Buffer[] = [];
  let bytes = 0;
  for (const write of writes) {
    const payload = encodeWrites([write]);
    piece.push(payload);
    bytes += payload.length;
    if (bytes < PIECE_BYTES) continue;
    yield piece;
    piece = [];
    bytes = 0;
  }
  if (piece.length > 0) yield piece;
}

function removed(path: string): Error {
  return Object.assign(new Error(`ENOENT: ${path} was removed while the hub runs`), { code: 'ENOENT' });
}
