import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeRecord, type Reading, readRecords } from './record.js';

/** Names that a file has until it is published. A crash leaves them, and the next start removes them. */
export const UNPUBLISHED = '.new';

/** A file of records that is written at its end, off the event loop. After an error it must not be written again. */
export class RecordFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #inode: bigint;
  #size: number;
  #next: number;

  private constructor(path: string, file: FileHandle, inode: bigint, size: number, next: number) {
    this.path = path;
    this.#file = file;
    this.#inode = inode;
    this.#size = size;
    this.#next = next;
  }

  /** Begin a file that has another name until `publish`, so that nobody ever finds it half written. */
  static async create(path: string): Promise<RecordFile> {
    return RecordFile.#open(path, `${path}${UNPUBLISHED}`, 'w', 0, 0);
  }

  /** Go on with a file, which is made if it is missing. A torn tail is cut. `take` gets its records. */
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

  /** Write records behind each other in one go; each is given in parts. Return where each of them starts. */
  async append(payloads: readonly (readonly Uint8Array[])[]): Promise<number[]> {
    const places: number[] = [];
    let size = this.#size;
    const records = payloads.map((parts, index) => {
      const record = encodeRecord(this.#next + index, ...parts);
      places.push(size);
      size += record.length;
      return record;
    });
    const bytes = records.length === 1 ? (records[0] as Buffer) : Buffer.concat(records);
    for (let written = 0; written < bytes.length; ) {
      written += (await this.#file.write(bytes, written, bytes.length - written, null)).bytesWritten;
    }
    this.#size = size;
    this.#next += records.length;
    return places;
  }

  /** Done when everything that was written survives a loss of power. */
  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  /** Give the file its name. Done when that survives a loss of power. */
  async publish(): Promise<void> {
    await this.sync();
    await rename(`${this.path}${UNPUBLISHED}`, this.path);
    const folder = await open(dirname(this.path), 'r');
    await folder.sync().finally(() => folder.close());
  }

  /**
   * Whether the file still lies where it was made: a removed one takes everything that is written to it, for nobody.
   */
  async isInPlace(): Promise<boolean> {
    const found = await stat(this.path, { bigint: true }).catch(() => null);
    return found?.ino === this.#inode;
  }

  /** Never fails: everything that matters was synced before. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}
