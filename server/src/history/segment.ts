import { open, readFile } from 'node:fs/promises';
import { decodeRecord, HEADER_BYTES, type Reading, readRecords } from '../store/record.js';

/** A record's payload begins with its time, ms since 1970, as a float64. */
export const TIME_BYTES = 8;

/** Where the records of a segment lie, in order of time. */
export class SegmentIndex {
  readonly #times: number[] = [];
  readonly #places: number[] = [];
  readonly #lengths: number[] = [];

  /** A record that begins at `place`. */
  add(t: number, place: number, length: number): void {
    this.#times.push(t);
    this.#places.push(place);
    this.#lengths.push(length);
  }

  get last(): number {
    return this.#times.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** How many records are older than `t`. */
  countBefore(t: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The record of this number; undefined: there are not so many. */
  at(number: number): { readonly t: number; readonly place: number; readonly length: number } | undefined {
    const t = this.#times[number];
    if (t === undefined) return undefined;
    return { t, place: this.#places[number] as number, length: this.#lengths[number] as number };
  }
}

/** A file of records of one table. */
export class Segment {
  readonly path: string;
  /** Time of its first record. */
  readonly start: number;
  bytes: number;
  #index: Promise<SegmentIndex> | null = null;

  constructor(path: string, start: number, bytes: number) {
    this.path = path;
    this.start = start;
    this.bytes = bytes;
  }

  /**
   * Return its index, which is read once. `onRead` gets the damage found. A file that was removed meanwhile is empty.
   */
  index(onRead: (reading: Reading) => void): Promise<SegmentIndex> {
    this.#index ??= this.#read(onRead).catch((error: NodeJS.ErrnoException) => {
      this.#index = null;
      if (error.code === 'ENOENT') return new SegmentIndex();
      throw error;
    });
    return this.#index;
  }

  /** Use an index that is kept by the writer of the file. */
  useIndex(index: SegmentIndex): void {
    this.#index = Promise.resolve(index);
  }

  async #read(onRead: (reading: Reading) => void): Promise<SegmentIndex> {
    const index = new SegmentIndex();
    onRead(readRecords(await readFile(this.path), indexer(index)));
    return index;
  }
}

/** Return a reader of records that adds them to `index`. */
export function indexer(index: SegmentIndex): (payload: Buffer, place: number) => void {
  return (payload, place) => {
    if (payload.length >= TIME_BYTES) index.add(payload.readDoubleLE(0), place, HEADER_BYTES + payload.length);
  };
}

/** Small records are read many at a time. */
const WINDOW_BYTES = 64 * 1024;

/** Reads records for one query. It holds one window of a file and no open file, however slowly its answer is read. */
export class SegmentReader {
  #path = '';
  #from = 0;
  #window = Buffer.alloc(0);

  /** The table in the record at `place`; null if it is damaged, or removed meanwhile. */
  async read({ path }: Segment, place: number, length: number): Promise<Uint8Array | null> {
    const isHere = path === this.#path && place >= this.#from && place + length <= this.#from + this.#window.length;
    if (!isHere) await this.#fill(path, place, length);
    const record = this.#window.subarray(place - this.#from, place - this.#from + length);
    return decodeRecord(record)?.subarray(TIME_BYTES) ?? null;
  }

  async #fill(path: string, place: number, length: number): Promise<void> {
    this.#path = path;
    this.#from = place;
    this.#window = Buffer.alloc(0);
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return;
    try {
      const window = Buffer.allocUnsafe(Math.max(length, WINDOW_BYTES));
      const { bytesRead } = await file.read(window, 0, window.length, place);
      this.#window = window.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }
}
