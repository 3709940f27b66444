/** Judges readings by the catalogue's bounds, and decides when a bound does not apply to a row. */
import { type CatalogueEntry, type Level, levelOf } from '@auralis/shared';
import type { Row } from './feed.js';
import type { Catalogue, ColumnView } from './layout.js';

export interface Verdict {
  readonly level: Level;
  /** On which side of the bound that it broke; null within bounds. */
  readonly side: 'over' | 'under' | null;
}

/** Facts that a row alone does not hold. */
export interface Circumstances {
  readonly catalogue: Catalogue;
  /** Is an engine publishing? null where that is not known. */
  readonly publishing: boolean | null;
}

/** A label of an enumeration; null where the value is missing or the hub has no such column. */
export function labelOf(row: Row, name: string, catalogue: Catalogue): string | null {
  const value = row.get(name);
  return value === null ? null : (catalogue.get(name)?.labels?.[value] ?? null);
}

/** How a cell stands; null where there is nothing to judge or the bound does not hold for this row now. */
export function judge(row: Row, column: ColumnView, circumstances: Circumstances): Verdict | null {
  const { spec } = column;
  if (spec === null) return null;
  const { catalogue, publishing } = circumstances;
  if (labelOf(row, 'state', catalogue) === 'closed') return null;
  // No column has a bound for these, and yet each is what somebody hears: nothing.
  if (column.kind === 'playback' && labelOf(row, column.name, catalogue) === 'stalled') return TROUBLED;
  if (column.kind === 'status') return HEALTH_VERDICTS[labelOf(row, 'status', catalogue) ?? ''] ?? null;
  if (column.kind === 'state' && labelOf(row, column.name, catalogue) === 'stale') return TROUBLED;
  if (column.kind === 'publishing') return isAbandoned(row, catalogue) ? TROUBLED : null;
  if (!isBinding(row, column, catalogue, publishing)) return null;
  const value = row.get(column.name);
  // A critical listener hears silence, or is about to.
  if (column.name === 'listeners_critical' && value !== null && value > 0) return { level: 'alert', side: 'over' };
  const level = levelOf(spec, value);
  if (level === null || value === null) return null;
  const side = sideOf(spec, level, value);
  // A few chunks are no long buffer, however long they are.
  const isShort = column.name === 'buffer_depth_ms' && (row.get('buffer_chunks') ?? MAX_CHUNKS + 1) <= MAX_CHUNKS;
  return side === 'over' && isShort ? { level: 'ok', side: null } : { level, side };
}

/** Columns that judge a listener as a whole, not one reading. */
const HEALTH_VERDICTS: Readonly<Record<string, Verdict>> = {
  ok: { level: 'ok', side: null },
  warning: { level: 'off-target', side: null },
  critical: { level: 'alert', side: null },
};

/** Chunks that may lie in a listener's buffer, as the rule `listener-buffer-high` has it. */
const MAX_CHUNKS = 3;

const TROUBLED: Verdict = { level: 'off-target', side: null };

/** A stream with listeners and nobody who plays to them. */
function isAbandoned(row: Row, catalogue: Catalogue): boolean {
  return labelOf(row, 'publishing', catalogue) === 'no' && (row.get('active_connections') ?? 0) > 0;
}

function isBinding(row: Row, column: ColumnView, catalogue: Catalogue, publishing: boolean | null): boolean {
  switch (column.name) {
    // A clock that nobody compared says nothing about the network.
    case 'latency_ms':
      return labelOf(row, 'clock', catalogue) !== 'unsynced';
    // Nothing is sent because nothing is made: that is the stream's trouble and not each listener's.
    case 'audio_rate':
      return publishing !== false && labelOf(row, 'publishing', catalogue) !== 'no';
    // A player that is paused or not yet started has an empty buffer and nothing wrong.
    case 'buffer_depth_ms': {
      const playback = labelOf(row, 'playback_state', catalogue);
      return playback === null || playback === 'playing' || playback === 'stalled';
    }
    default:
      return true;
  }
}

function sideOf(spec: CatalogueEntry, level: Level, value: number): Verdict['side'] {
  if (level === 'ok') return null;
  const bounds = level === 'alert' ? spec.alert : spec.target;
  return bounds?.min !== undefined && value < bounds.min ? 'under' : 'over';
}

/** A row's troubles, counted: enough to sort and filter by, and to say how many. */
export interface Trouble {
  readonly alerts: number;
  readonly offTarget: number;
}

export function troubleOf(row: Row, columns: readonly ColumnView[], circumstances: Circumstances): Trouble {
  let alerts = 0;
  let offTarget = 0;
  for (const column of columns) {
    const level = judge(row, column, circumstances)?.level;
    if (level === 'alert') alerts++;
    else if (level === 'off-target') offTarget++;
  }
  return { alerts, offTarget };
}

export function worstLevel(trouble: Trouble): Level {
  if (trouble.alerts > 0) return 'alert';
  return trouble.offTarget > 0 ? 'off-target' : 'ok';
}
