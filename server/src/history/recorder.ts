import type { TableName } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import type { HistoryStore, Recorded } from './history-store.js';
import { keptColumns, RESOLUTIONS, type Resolution } from './resolutions.js';
import { SnapshotWriter } from './snapshot.js';

/** After a failure nothing is tried for this time, because a full disk stays full for a while. */
const PAUSE_MS = 30_000;

/** Takes snapshots of the tables when they are due. The store writes them, outside the event loop. */
export class Recorder {
  readonly #tables: Tables;
  readonly #store: Pick<HistoryStore, 'append'>;
  readonly #writer: SnapshotWriter;
  /** For each resolution, the number of the step that was last recorded. */
  readonly #lastStep = new Map<Resolution, number>();
  #writing: Promise<void> | null = null;
  readonly #onFailure: (error: unknown, isNews: boolean) => void;
  /** When the last write failed, or null if it succeeded. */
  #failedAt: number | null = null;

  /** `onFailure` is called when a write failed. `isNews`: the write before it did not fail. */
  constructor(
    tables: Tables,
    store: Pick<HistoryStore, 'append'>,
    source: string,
    onFailure: (error: unknown, isNews: boolean) => void,
  ) {
    this.#tables = tables;
    this.#store = store;
    this.#writer = new SnapshotWriter(source);
    this.#onFailure = onFailure;
  }

  /** Whether the last write failed. */
  get isFailing(): boolean {
    return this.#failedAt !== null;
  }

  /**
   * Record the tables as they are at `now`, in small parts. If the disk still writes what was recorded a second ago,
   * record nothing. `wall` is the same moment by the wall clock, and the time of the record.
   */
  *steps(now: number, wall: number): Generator<void> {
    if (this.#writing !== null || now - (this.#failedAt ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    const t = Math.floor(wall);
    const due = RESOLUTIONS.filter((resolution) => this.#isDue(resolution, t));
    if (due.length === 0) return;
    const recorded = yield* this.#record(due, t);
    this.#writing = this.#write(recorded, t, now);
  }

  /** Resolves when the write in progress has ended, with success or not. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #isDue(resolution: Resolution, t: number): boolean {
    const step = Math.floor(t / resolution.stepMs);
    if (this.#lastStep.get(resolution) === step) return false;
    this.#lastStep.set(resolution, step);
    return true;
  }

  /** Write each table once, for all resolutions that are due. */
  *#record(due: readonly Resolution[], t: number): Generator<void, Recorded[]> {
    const written = new Map<TableName, Uint8Array>();
    const recorded: Recorded[] = [];
    for (const resolution of due) {
      for (const table of resolution.tables) {
        const bytes = written.get(table) ?? (yield* this.#writer.steps(this.#tables[table], keptColumns(table), t));
        written.set(table, bytes);
        recorded.push({ resolution, table, t, bytes });
      }
    }
    return recorded;
  }

  async #write(recorded: readonly Recorded[], t: number, now: number): Promise<void> {
    try {
      await this.#store.append(recorded, t);
      this.#failedAt = null;
    } catch (error) {
      this.#onFailure(error, this.#failedAt === null);
      this.#failedAt = now;
    } finally {
      this.#writing = null;
    }
  }
}
