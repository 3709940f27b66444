import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableName } from '@auralis/shared';
import { makeDir } from '../store/make-dir.js';
import { describeDamage, HEADER_BYTES, type Reading } from '../store/record.js';
import { RecordFile } from '../store/record-file.js';
import type { Damage } from '../store/store.js';
import type { Resolution } from './resolutions.js';
import { indexer, Segment, SegmentIndex, TIME_BYTES } from './segment.js';

/**
 * A file takes no more records beyond this, so that an index is read within 10 ms, and room is freed in small pieces.
 */
const MAX_SEGMENT_BYTES = 4 * 2 ** 20;
/** A file is named by the time of its first record. */
const SEGMENT_NAME = /^(\d{1,15})\.seg$/;

/** A record that was found. */
export interface Found {
  readonly segment: Segment;
  readonly t: number;
  readonly place: number;
  readonly length: number;
}

/** The file that is written. */
interface OpenSegment {
  readonly file: RecordFile;
  readonly index: SegmentIndex;
  readonly segment: Segment;
}

/** One table at one resolution: files of records, in order of time. */
export class Series {
  readonly #folder: string;
  readonly #resolution: Resolution;
  readonly #onDamage: (damage: Damage) => void;
  readonly #segments: Segment[];
  #open: OpenSegment | null = null;
  /** A file that failed is not written again. */
  #isResumable = true;

  private constructor(folder: string, resolution: Resolution, onDamage: (damage: Damage) => void, segments: Segment[]) {
    this.#folder = folder;
    this.#resolution = resolution;
    this.#onDamage = onDamage;
    this.#segments = segments;
  }

  static async open(
    root: string,
    resolution: Resolution,
    table: TableName,
    onDamage: (damage: Damage) => void,
  ): Promise<Series> {
    const folder = join(root, resolution.name, table);
    makeDir(folder, 0o700);
    const segments: Segment[] = [];
    for (const name of await readdir(folder)) {
      const start = SEGMENT_NAME.exec(name)?.[1];
      if (start === undefined) continue;
      const path = join(folder, name);
      segments.push(new Segment(path, Number(start), (await stat(path)).size));
    }
    segments.sort((a, b) => a.start - b.start);
    return new Series(folder, resolution, onDamage, segments);
  }

  get bytes(): number {
    return this.#segments.reduce((total, { bytes }) => total + bytes, 0);
  }

  /** The oldest file that may be removed; undefined: there is none but the one that is written. */
  get oldest(): Segment | undefined {
    return this.#segments.find((segment) => segment !== this.#open?.segment);
  }

  /** Whether everything in a file is older than `t`. */
  isBefore({ start }: Segment, t: number): boolean {
    return this.#stepOf(start) < this.#stepOf(t);
  }

  async append(t: number, bytes: Uint8Array): Promise<void> {
    const { file, index, segment } = await this.#writable(t);
    const time = Buffer.alloc(TIME_BYTES);
    time.writeDoubleLE(t);
    try {
      const [place = 0] = await file.append([[time, bytes]]);
      index.add(t, place, HEADER_BYTES + TIME_BYTES + bytes.length);
      segment.bytes = file.size;
    } catch (error) {
      this.#isResumable = false;
      await this.close();
      throw error;
    }
  }

  /** Whether the file that is written, if any, is still there. */
  async isInPlace(): Promise<boolean> {
    return (await this.#open?.file.isInPlace()) ?? true;
  }

  /** The last record at or before `t`. */
  async upTo(t: number): Promise<Found | null> {
    for (let at = this.#segmentsFrom(t) - 1; at >= 0; at--) {
      const segment = this.#segments[at] as Segment;
      const index = await this.#indexOf(segment);
      const record = index.at(index.countBefore(t + 1) - 1);
      if (record !== undefined) return { segment, ...record };
    }
    return null;
  }

  /** The first record at or after `t`. */
  async from(t: number): Promise<Found | null> {
    // Files may come and go meanwhile: they are found by their time each time.
    let start = t;
    for (let at = Math.max(0, this.#segmentsFrom(t) - 1); ; at = this.#segmentsFrom(start)) {
      const segment = this.#segments[at];
      if (segment === undefined) return null;
      const index = await this.#indexOf(segment);
      const record = index.at(index.countBefore(t));
      if (record !== undefined) return { segment, ...record };
      start = Math.max(start, segment.start);
    }
  }

  async remove(segment: Segment): Promise<void> {
    await rm(segment.path, { force: true });
    const at = this.#segments.indexOf(segment);
    if (at >= 0) this.#segments.splice(at, 1);
  }

  /** A file that is not written any more is synced: of a loss of power, only the last minutes are felt. */
  async close(): Promise<void> {
    const file = this.#open?.file;
    this.#open = null;
    await file?.sync().catch(() => {});
    await file?.close();
  }

  /** How many files begin at or before `t`. */
  #segmentsFrom(t: number): number {
    const at = this.#segments.findIndex(({ start }) => start > t);
    return at < 0 ? this.#segments.length : at;
  }

  #stepOf(t: number): number {
    return Math.floor(t / this.#resolution.fileMs);
  }

  #indexOf(segment: Segment): Promise<SegmentIndex> {
    return segment.index((reading) => this.#report(segment.path, reading));
  }

  #report(file: string, { damaged }: Reading): void {
    if (damaged.length > 0) this.#onDamage({ file, why: describeDamage(damaged) });
  }

  /** The open file if it takes a record of `t`, else the last one of an earlier run if that does, else a new one. */
  async #writable(t: number): Promise<OpenSegment> {
    const open = this.#open ?? (await this.#resume(t));
    if (open !== null && this.#takes(open.segment, t) && open.index.last < t) return open;
    await this.close();
    const path = join(this.#folder, `${t}.seg`);
    const segment = new Segment(path, t, 0);
    const opened = await this.#openFile(segment);
    const after = this.#segmentsFrom(t);
    const isKnown = this.#segments[after - 1]?.start === t;
    this.#segments.splice(isKnown ? after - 1 : after, isKnown ? 1 : 0, segment);
    return opened;
  }

  async #resume(t: number): Promise<OpenSegment | null> {
    const last = this.#segments.at(-1);
    if (last === undefined || !this.#isResumable || !this.#takes(last, t)) return null;
    return this.#openFile(last);
  }

  async #openFile(segment: Segment): Promise<OpenSegment> {
    const index = new SegmentIndex();
    const { file, reading } = await RecordFile.resume(segment.path, indexer(index));
    this.#report(segment.path, reading);
    segment.useIndex(index);
    segment.bytes = file.size;
    this.#isResumable = true;
    const opened = { file, index, segment };
    this.#open = opened;
    return opened;
  }

  #takes({ start, bytes }: Segment, t: number): boolean {
    return this.#stepOf(start) === this.#stepOf(t) && start <= t && bytes < MAX_SEGMENT_BYTES;
  }
}
