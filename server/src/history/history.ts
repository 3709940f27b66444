import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Column, show, type TableName } from '@auralis/shared';
import type { HistoryStore } from './history-store.js';
import { HistoryError, planPoints, type Span, spanOf } from './query.js';
import { readingIn } from './reading.js';
import { keptColumns, resolutionsSince } from './resolutions.js';
import type { SnapshotReader } from './snapshots.js';

export { HistoryUnavailableError } from './history-store.js';
export { HistoryError } from './query.js';

/** A question about the past. Times are ms since 1970. */
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

/** Leave a turn to the loop after so many bytes, or so many points or frames: within a millisecond. */
const BYTES_A_TURN = 256 * 1024;
const READINGS_A_TURN = 32;

/** Reads past tables. */
export class History {
  readonly #store: HistoryStore;

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /**
   * The readings of one cell. Each is that of the last snapshot up to its time; null if that has none, or is too old
   * to say anything. @throws HistoryError, HistoryUnavailableError
   */
  async points(query: PointsQuery, now: number): Promise<Points> {
    const { table, row } = query;
    const column = columnOf(table, query.column);
    const plan = planPoints(table, spanOf(query.from, query.to, now), query.step, now);
    const snapshots = (await this.#store.read()).reader(plan.resolution, table);
    const points: [number, number | null][] = [];
    let readAt = Number.NaN;
    let reading: number | null = null;
    let bytesRead = 0;
    for (const t of plan.times) {
      const found = await snapshots.findUpTo(t);
      const isFresh = found !== null && found.t > t - plan.holdsMs;
      if (isFresh && found.t !== readAt) {
        const { bytes } = await snapshots.read(found);
        reading = bytes === null ? null : readingIn(bytes, row, column);
        readAt = found.t;
        bytesRead += found.length;
      }
      points.push([t, isFresh ? reading : null]);
      if (bytesRead < BYTES_A_TURN && points.length % READINGS_A_TURN !== 0) continue;
      bytesRead = 0;
      await nextTurn();
    }
    return { column, stepMs: plan.stepMs, points };
  }

  /**
   * Snapshots of a table, as finely as they are kept as far back as `from`. @throws HistoryError,
   * HistoryUnavailableError
   */
  async frames({ table, from, to }: HistoryQuery, now: number): Promise<AsyncIterableIterator<Uint8Array>> {
    const span = spanOf(from, to, now);
    const [resolution] = resolutionsSince(table, span.from, now);
    return framesOf((await this.#store.read()).reader(resolution, table), span);
  }
}

async function* framesOf(snapshots: SnapshotReader, { from, to }: Span) {
  let bytesRead = 0;
  let frames = 0;
  for (let start = from; ; ) {
    const found = await snapshots.findFrom(start);
    if (found === null || found.t > to) return;
    const { bytes } = await snapshots.read(found);
    if (bytes !== null) yield bytes;
    start = found.t + 1;
    bytesRead += found.length;
    if (bytesRead < BYTES_A_TURN && ++frames % READINGS_A_TURN !== 0) continue;
    bytesRead = 0;
    // A fast reader would leave no turn to anything else.
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
