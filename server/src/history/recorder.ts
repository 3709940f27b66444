import type { TableName } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import type { HistoryStore, Recorded } from './history-store.js';
import { keptColumns, RESOLUTIONS, type Resolution } from './resolutions.js';
import { SnapshotWriter } from './snapshot.js';

/** After a failure nothing is tried for so long: a full disk stays full for a while. */
const PAUSE_MS = 30_000;

/** Takes snapshots of the tables when they are due, and has them kept, off the loop. */
export class Recorder {
  readonly #tables: Tables;
  readonly #store: Pick<HistoryStore, 'append'>;
  readonly #writer: SnapshotWriter;
  /** Step of each resolution in which it was last recorded. */
  readonly #lastStep = new Map<Resolution, number>();
  #writing: Promise<void> | null = null;
  readonly #onFailure: (error: unknown, isNews: boolean) => void;
  /** When it last failed; null: what came last was kept. */
  #failedAt: number | null = null;

  /** `onFailure`: something was not kept; `isNews`: what came before it was. */
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

  /** Whether what was last tried was not kept. */
  get isFailing(): boolean {
    return this.#failedAt !== null;
  }

  /**
   * Record a second, step by step. While the disk is still busy with the last second, this one is left out. `wall`:
   * `now` by the wall clock, under which it is kept.
   */
  *steps(now: number, wall: number): Generator<void> {
    if (this.#writing !== null || now - (this.#failedAt ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    const t = Math.floor(wall);
    const due = RESOLUTIONS.filter((resolution) => this.#isDue(resolution, t));
    if (due.length === 0) return;
    const recorded = yield* this.#record(due, t);
    this.#writing = this.#write(recorded, t, now);
  }

  /** Done when what was recorded is kept. */
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
