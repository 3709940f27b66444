import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Column, show, type TableName } from '@auralis/shared';
import type { HistoryStore, Snapshots } from './history-store.js';
import { HistoryError, planPoints, type Span, spanOf } from './query.js';
import { readingIn } from './reading.js';
import { keptColumns, type Resolution, resolutionsSince } from './resolutions.js';

export { HistoryUnavailableError } from './history-store.js';
export { HistoryError } from './query.js';

/** What is asked of history; times are ms since 1970. */
export interface HistoryQuery {
  readonly table: TableName;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface PointsQuery extends HistoryQuery {
  readonly row: string;
  readonly column: string;
  readonly step?: number | undefined;
}

/** Readings at the multiples of `stepMs`, null where there was none. */
export interface Points {
  readonly column: Column;
  readonly stepMs: number;
  readonly points: readonly (readonly [t: number, value: number | null])[];
}

/** After so many bytes, or points and frames however small, the loop has its turn: within a millisecond. */
const BYTES_A_TURN = 256 * 1024;
const READINGS_A_TURN = 32;

/** What the tables held in the past. */
export class History {
  readonly #store: HistoryStore;

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /**
   * The readings of one cell. At each time it is what the last snapshot up to it says; null where that has none, or the last
   * snapshot is too long ago to say anything. @throws HistoryError, HistoryUnavailableError
   */
  async points(query: PointsQuery, now: number): Promise<Points> {
    const { table, row } = query;
    const column = columnOf(table, query.column);
    const plan = planPoints(table, spanOf(query.from, query.to, now), query.step, now);
    const snapshots = await this.#store.read();
    const points: [number, number | null][] = [];
    let readAt = Number.NaN;
    let reading: number | null = null;
    let bytesRead = 0;
    for (const t of plan.times) {
      const recordedAt = snapshots.timeUpTo(plan.resolution, t);
      if (recordedAt !== null && recordedAt !== readAt) {
        const bytes = snapshots.get(plan.resolution, recordedAt, table);
        reading = bytes === undefined ? null : readingIn(bytes, row, column);
        readAt = recordedAt;
        bytesRead += bytes?.length ?? 0;
      }
      points.push([t, recordedAt !== null && recordedAt > t - plan.holdsMs ? reading : null]);
      if (bytesRead < BYTES_A_TURN && points.length % READINGS_A_TURN !== 0) continue;
      bytesRead = 0;
      await nextTurn();
    }
    return { column, stepMs: plan.stepMs, points };
  }

  /** Snapshots of a table, as finely as they are kept as far back as `from`. @throws HistoryError, HistoryUnavailableError */
  async frames({ table, from, to }: HistoryQuery, now: number): Promise<AsyncIterableIterator<Uint8Array>> {
    const span = spanOf(from, to, now);
    const [resolution] = resolutionsSince(table, span.from, now);
    return framesOf(await this.#store.read(), resolution, table, span);
  }
}

async function* framesOf(snapshots: Snapshots, resolution: Resolution, table: TableName, { from, to }: Span) {
  let bytesRead = 0;
  let frames = 0;
  for (let start = from; ; ) {
    const t = snapshots.timeFrom(resolution, start);
    if (t === null || t > to) return;
    const bytes = snapshots.get(resolution, t, table);
    if (bytes !== undefined) yield bytes;
    start = t + 1;
    bytesRead += bytes?.length ?? 0;
    if (bytesRead < BYTES_A_TURN && ++frames % READINGS_A_TURN !== 0) continue;
    bytesRead = 0;
    // Who reads as fast as this would let nothing else have its turn.
    await nextTurn();
  }
}

function columnOf(table: TableName, name: string): Column {
  const kept = keptColumns(table);
  const found = kept.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw new HistoryError(
    `column: ${show(name)} is not kept of ${table}; kept are ${kept.map((column) => column.name).join(', ')}`,
  );
}
