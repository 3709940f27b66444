import { type Column, SCHEMAS, TABLE_NAMES, type TableName } from '@auralis/shared';

/** Folder of history in the data directory. */
export const HISTORY_DIR = 'history';

/** How finely some tables are kept, for how long, and in how many bytes. */
export interface Resolution {
  /** Its folder in that of history. A name is never used for anything else: hubs have it on their disks. */
  readonly name: string;
  readonly stepMs: number;
  readonly keepMs: number;
  /** Time that one file covers. Files are removed whole, so a reading is kept for up to this much longer. */
  readonly fileMs: number;
  /** When they are full, the oldest file goes sooner. */
  readonly maxBytes: number;
  readonly tables: readonly TableName[];
}

const MIB = 2 ** 20;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A question about the last hour arrives a moment late. */
const LATE_MS = MINUTE_MS;

/**
 * Rows of `connections` are a megabyte where there are 15,000: they have bytes of their own, and crowd out nothing
 * else.
 */
const SMALL = TABLE_NAMES.filter((name) => name !== 'connections');

/** Finest first. 1 GiB in all. */
export const RESOLUTIONS: readonly Resolution[] = [
  { name: 'history-1s', stepMs: 1_000, keepMs: HOUR_MS, fileMs: 5 * MINUTE_MS, maxBytes: 128 * MIB, tables: SMALL },
  { name: 'history-10s', stepMs: 10_000, keepMs: DAY_MS, fileMs: HOUR_MS, maxBytes: 256 * MIB, tables: SMALL },
  { name: 'history-60s', stepMs: 60_000, keepMs: 30 * DAY_MS, fileMs: DAY_MS, maxBytes: 384 * MIB, tables: SMALL },
  {
    name: 'history-connections',
    stepMs: 10_000,
    keepMs: HOUR_MS,
    fileMs: 5 * MINUTE_MS,
    maxBytes: 256 * MIB,
    tables: ['connections'],
  },
];

/** Columns of `connections` in history. All columns would be four times as much. */
const CONNECTION_COLUMNS: readonly string[] = [
  'state',
  'status',
  'status_reason',
  'trust',
  'impossible_figure',
  'playback_state',
  'latency_ms',
  'rtt_ms',
  'buffer_depth_ms',
  'outstanding_ms',
  'chunk_send_rate',
  'audio_rate',
  'dropped_per_min',
  'buffer_underruns',
] satisfies (keyof typeof SCHEMAS.connections.index)[];

/** The columns of a table that are kept. */
export function keptColumns(table: TableName): readonly Column[] {
  const { columns } = SCHEMAS[table];
  return table === 'connections' ? columns.filter(({ name }) => CONNECTION_COLUMNS.includes(name)) : columns;
}

/** Return the time before which records may be gone, ms since 1970. */
export const reachOf = ({ keepMs }: Resolution, now: number) => now - keepMs - LATE_MS;

/**
 * Return resolutions that have the table and reach back to `from`, finest first. If none does, return the one that
 * reaches furthest.
 */
export function resolutionsSince(table: TableName, from: number, now: number): readonly [Resolution, ...Resolution[]] {
  const having = RESOLUTIONS.filter(({ tables }) => tables.includes(table));
  const [first, ...rest] = having.filter((resolution) => reachOf(resolution, now) <= from);
  return first === undefined ? [having.at(-1) as Resolution] : [first, ...rest];
}
