import type { TableName } from '@auralis/shared';
import type { Damage } from '../store/store.js';
import { RESOLUTIONS, type Resolution, reachOf } from './resolutions.js';
import { SegmentReader } from './segment.js';
import { type Found, Series } from './series.js';

/** A table to keep: `bytes` is a SNAPSHOT of the live protocol. */
export interface Recorded {
  readonly resolution: Resolution;
  readonly table: TableName;
  /** ms since 1970, whole. */
  readonly t: number;
  readonly bytes: Uint8Array;
}

/** A table as it was at `t`; `bytes` is null if they are damaged. */
export interface Kept {
  readonly t: number;
  readonly bytes: Uint8Array | null;
}

/** Time between two looks whether the files are still there. Each look costs as much as writing them. */
const LOOK_MS = 5_000;
/** Files that are removed with one `append`: more than it adds, and few enough to hold nothing up. */
const MAX_REMOVED = 16;

/** Snapshots of tables by resolution and time, in files of records below one folder. */
export class Snapshots {
  readonly #folder: string;
  readonly #series: ReadonlyMap<Resolution, ReadonlyMap<TableName, Series>>;
  /** When it was last looked whether the files are there. */
  #lookedAt = Number.NaN;

  private constructor(folder: string, series: ReadonlyMap<Resolution, ReadonlyMap<TableName, Series>>) {
    this.#folder = folder;
    this.#series = series;
  }

  /** Open `folder`, which is made if it is missing. `onDamage` is told of each damaged file once it is read. */
  static async open(
    folder: string,
    onDamage: (damage: Damage) => void,
    resolutions: readonly Resolution[] = RESOLUTIONS,
  ): Promise<Snapshots> {
    const series = new Map<Resolution, Map<TableName, Series>>();
    for (const resolution of resolutions) {
      const tables = new Map<TableName, Series>();
      for (const table of resolution.tables) tables.set(table, await Series.open(folder, resolution, table, onDamage));
      series.set(resolution, tables);
    }
    return new Snapshots(folder, series);
  }

  /**
   * Keep `recorded`, and remove files that are too old or, if a resolution is full, the oldest. Done when it survives
   * `kill -9`. @throws what the disk says
   */
  async append(recorded: readonly Recorded[], now: number): Promise<void> {
    if (!(Math.abs(now - this.#lookedAt) < LOOK_MS)) {
      this.#lookedAt = now;
      await this.#assertInPlace();
    }
    // All files at once wake the loop less often than one after another. None is still written when this throws.
    const written = await Promise.allSettled(
      recorded.map(({ resolution, table, t, bytes }) => this.#of(resolution, table).append(t, bytes)),
    );
    for (const one of written) if (one.status === 'rejected') throw one.reason;
    for (const resolution of new Set(recorded.map((one) => one.resolution))) await this.#prune(resolution, now);
  }

  /** Return a reader for one query. */
  reader(resolution: Resolution, table: TableName): SnapshotReader {
    return new SnapshotReader(this.#of(resolution, table));
  }

  /** Bytes that a resolution takes on the disk. */
  bytes(resolution: Resolution): number {
    return this.#all(resolution).reduce((total, series) => total + series.bytes, 0);
  }

  async close(): Promise<void> {
    for (const resolution of this.#series.keys()) for (const series of this.#all(resolution)) await series.close();
  }

  /** A removed file takes everything that is written to it, for nobody. */
  async #assertInPlace(): Promise<void> {
    const firsts = [...this.#series.values()].flatMap((tables) => [...tables.values()].slice(0, 1));
    const areInPlace = await Promise.all(firsts.map((series) => series.isInPlace()));
    if (areInPlace.every(Boolean)) return;
    throw new Error(`ENOENT: files in ${this.#folder} were removed while the hub runs`);
  }

  async #prune(resolution: Resolution, now: number): Promise<void> {
    const reach = reachOf(resolution, now);
    let bytes = this.bytes(resolution);
    for (let removed = 0; removed < MAX_REMOVED; removed++) {
      const oldest = this.#oldest(resolution);
      if (oldest === null) return;
      const { series, segment } = oldest;
      if (bytes <= resolution.maxBytes && !series.isBefore(segment, reach)) return;
      await series.remove(segment);
      bytes -= segment.bytes;
    }
  }

  #oldest(resolution: Resolution) {
    const candidates = this.#all(resolution).flatMap((series) =>
      series.oldest === undefined ? [] : [{ series, segment: series.oldest }],
    );
    return candidates.sort((a, b) => a.segment.start - b.segment.start)[0] ?? null;
  }

  #all(resolution: Resolution): Series[] {
    return [...(this.#series.get(resolution)?.values() ?? [])];
  }

  #of(resolution: Resolution, table: TableName): Series {
    const series = this.#series.get(resolution)?.get(table);
    if (series === undefined) throw new Error(`${resolution.name} keeps no ${table}`);
    return series;
  }
}

/** Reads one table for one query. */
export class SnapshotReader {
  readonly #series: Series;
  readonly #reader = new SegmentReader();

  constructor(series: Series) {
    this.#series = series;
  }

  /** Where the last snapshot at or before `t` lies. */
  findUpTo(t: number): Promise<Found | null> {
    return this.#series.upTo(t);
  }

  /** Where the first snapshot at or after `t` lies. */
  findFrom(t: number): Promise<Found | null> {
    return this.#series.from(t);
  }

  async read({ segment, t, place, length }: Found): Promise<Kept> {
    return { t, bytes: await this.#reader.read(segment, place, length) };
  }
}
