import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeRecord, type Reading, readRecords } from './record.js';

/** Suffix of a file's name until the file is published. A crash leaves such a file, and the next start removes it. */
export const UNPUBLISHED_SUFFIX = '.new';

/**
 * A file of records. More records are appended to it off the event loop. After a failed write, append nothing more: the
 * file may end in half a record, which `size` does not count.
 */
export class RecordFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #inode: bigint;
  #size: number;
  #nextNumber: number;

  private constructor(path: string, file: FileHandle, inode: bigint, size: number, next: number) {
    this.path = path;
    this.#file = file;
    this.#inode = inode;
    this.#size = size;
    this.#nextNumber = next;
  }

  /** Begin a file that has another name until `publish`, so that nobody ever finds it half written. */
  static async create(path: string): Promise<RecordFile> {
    return RecordFile.#open(path, `${path}${UNPUBLISHED_SUFFIX}`, 'w', 0, 0);
  }

  /**
   * Open a file to append to it. A missing one is created. A torn record at the end is cut off. `take` is called with
   * the payload of each record, and with its offset in the file.
   */
  static async resume(
    path: string,
    take: (payload: Buffer, at: number) => void,
  ): Promise<{ file: RecordFile; reading: Reading }> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const reading = readRecords(bytes, take);
    const size = reading.isTorn ? reading.end : bytes.length;
    const file = await RecordFile.#open(path, path, 'a', size, reading.next);
    if (reading.isTorn) await file.#file.truncate(size);
    return { file, reading };
  }

  static async #open(path: string, as: string, flags: string, size: number, next: number): Promise<RecordFile> {
    const file = await open(as, flags, 0o600);
    const { ino } = await file.stat({ bigint: true });
    return new RecordFile(path, file, ino, size, next);
  }

  /** Bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** Append records in order. Each payload is given in parts. Return the offset in the file at which each begins. */
  async append(payloads: readonly (readonly Uint8Array[])[]): Promise<number[]> {
    const offsets: number[] = [];
    let size = this.#size;
    const records = payloads.map((parts, index) => {
      const record = encodeRecord(this.#nextNumber + index, ...parts);
      offsets.push(size);
      size += record.length;
      return record;
    });
    const bytes = records.length === 1 ? (records[0] as Buffer) : Buffer.concat(records);
    for (let written = 0; written < bytes.length; ) {
      written += (await this.#file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    }
    this.#size = size;
    this.#nextNumber += records.length;
    return offsets;
  }

  /** Flush what was written. Resolves once it survives a loss of power. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  /** Give the file its name. Resolves once the name and the content survive a loss of power. */
  async publish(): Promise<void> {
    await this.sync();
    await rename(`${this.path}${UNPUBLISHED_SUFFIX}`, this.path);
    const folder = await open(dirname(this.path), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /**
   * Whether `path` still leads to this file. Writing to a removed file succeeds, but nobody can read it afterwards.
   */
  async isInPlace(): Promise<boolean> {
    const found = await stat(this.path, { bigint: true }).catch(() => null);
    return found?.ino === this.#inode;
  }

  /** Close the file, and ignore errors: call `sync` before if it matters that everything is written. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}
