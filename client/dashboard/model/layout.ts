/**
 * Columns of the tables, their order and short names. Their meaning (unit, bounds, help, labels) comes with the hub's
 * catalogue.
 */
import type { CatalogueEntry } from '@auralis/shared';

/** How a cell is drawn where it is more than its number. */
export type CellKind =
  | 'level'
  | 'name'
  | 'publishing'
  | 'state'
  | 'playback'
  | 'status'
  | 'latency'
  | 'age'
  | 'trend'
  | 'reading';

export interface ColumnLayout {
  /** The catalogue's name; '' for what is no column of the catalogue. */
  readonly name: string;
  readonly label: string;
  /** In `rem`: columns do not move when their numbers grow. */
  readonly width: number;
  readonly kind: CellKind;
  /** The column to sort by, where it is another one; null where it cannot be sorted by. */
  readonly sortBy?: string | null;
  /** For what is no column of the catalogue, which has no help of its own. */
  readonly help?: string;
}

export interface ColumnView extends ColumnLayout {
  /** null for what is no column of the catalogue. */
  readonly spec: CatalogueEntry | null;
}

const reading = (name: string, label: string, width: number): ColumnLayout => ({ name, label, width, kind: 'reading' });

export const LEVEL_COLUMN: ColumnLayout = {
  name: '',
  label: 'Trouble',
  width: 2.1,
  kind: 'level',
  help: 'Most alerts first, then most readings outside target',
};
const TREND_COLUMN: ColumnLayout = { name: '', label: 'Trend, 60 s', width: 7.6, kind: 'trend', sortBy: null };

export const STREAM_LAYOUT: readonly ColumnLayout[] = [
  LEVEL_COLUMN,
  { name: '', label: 'Stream', width: 7.5, kind: 'name', help: 'Name of the stream' },
  { name: 'publishing', label: 'Engine', width: 6.6, kind: 'publishing' },
  reading('active_connections', 'Listeners', 4.8),
  reading('listeners_critical', 'Critical', 4.4),
  reading('listeners_warning', 'Warning', 4.4),
  reading('audio_rate', 'Rate', 4.2),
  reading('dropped_per_min', 'Dropped', 5.8),
  reading('rebuffering_ratio', 'Silence', 4.9),
  reading('latency_p95_ms', 'Lat. p95', 5.8),
  reading('buffer_depth_p5_ms', 'Buf. p5', 5.2),
  reading('buffer_depth_p50_ms', 'Buf. p50', 5.4),
  TREND_COLUMN,
];

const HEALTH_COLUMN: ColumnLayout = {
  name: 'status_reason',
  label: 'Status',
  width: 10.8,
  kind: 'status',
  sortBy: 'status',
};
const LISTENER_COLUMN: ColumnLayout = {
  name: '',
  label: 'Listener',
  width: 12,
  kind: 'name',
  sortBy: null,
  help: 'The name that a listener gave itself, and the id of its connection',
};

export const CONNECTION_LAYOUT: readonly ColumnLayout[] = [
  HEALTH_COLUMN,
  LISTENER_COLUMN,
  { name: 'state', label: 'State', width: 6.8, kind: 'state' },
  { name: 'playback_state', label: 'Playback', width: 8.6, kind: 'playback' },
  { name: 'latency_ms', label: 'Latency', width: 6, kind: 'latency' },
  reading('rtt_ms', 'RTT', 5),
  reading('buffer_depth_ms', 'Buffer', 5.6),
  TREND_COLUMN,
  reading('buffer_underruns', 'Underruns', 5.2),
  reading('audio_rate', 'Rate', 4.4),
  reading('dropped_per_min', 'Dropped', 5.8),
  reading('chunks_in_flight', 'In flight', 4.6),
  reading('outstanding_ms', 'Outstanding', 6.4),
  reading('backlog_bytes', 'Backlog', 5.2),
  reading('chunks_sent', 'Sent', 5.2),
  { name: 'connected_at', label: 'Connected', width: 6.4, kind: 'age' },
];

/** Columns after a listener's name and status if only a few fit. */
const FIRST_OF_CONNECTION = ['Buffer', 'Latency', 'Dropped'];

export const NARROW_CONNECTION_LAYOUT: readonly ColumnLayout[] = [
  { ...LISTENER_COLUMN, width: 8.4 },
  { ...HEALTH_COLUMN, width: 9.4 },
  ...CONNECTION_LAYOUT.filter(({ label }) => FIRST_OF_CONNECTION.includes(label)),
  ...CONNECTION_LAYOUT.filter(
    ({ label, kind }) => kind !== 'name' && kind !== 'status' && !FIRST_OF_CONNECTION.includes(label),
  ),
];

/** Columns that cells, order, judgement and facts read besides those shown. */
const CONNECTION_EXTRAS = [
  'status',
  'not_ok_since',
  'trust',
  'buffer_chunks',
  'time_to_gap_ms',
  'clock',
  'hidden',
  'last_report_at',
  'closed_at',
  'close_code',
  'reconnects',
  'underrun_duration_ms',
];

/** Columns of each row of which the trend is kept. */
export const STREAM_TRENDS = ['latency_p50_ms', 'latency_p95_ms', 'buffer_depth_p5_ms', 'buffer_depth_p50_ms'] as const;
export const CONNECTION_TRENDS = ['latency_ms', 'rtt_ms', 'buffer_depth_ms'] as const;

export type Catalogue = ReadonlyMap<string, CatalogueEntry>;

export function catalogueOf(entries: readonly CatalogueEntry[]): Catalogue {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** The layout's columns that this hub has: an older one may lack some. */
export function viewOf(layout: readonly ColumnLayout[], catalogue: Catalogue): readonly ColumnView[] {
  const columns = layout.map((column): ColumnView => ({ ...column, spec: catalogue.get(column.name) ?? null }));
  return columns.filter((column) => column.name === '' || column.spec !== null);
}

/** Names to subscribe to: what this page reads of connections, as far as the hub has it. */
export function wantedConnectionColumns(catalogue: Catalogue): readonly string[] {
  const names = [...CONNECTION_LAYOUT.map((column) => column.name), ...CONNECTION_EXTRAS, ...CONNECTION_TRENDS];
  return [...new Set(names)].filter((name) => catalogue.has(name));
}
