import { type Column, SCHEMAS, type TableName, type Unit } from '@auralis/shared';

/** A metric family: what stands above its samples. `name` is without the `_total` that samples of a counter have. */
export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** Unit that the name ends in, or null. */
  readonly unit: string | null;
  readonly help: string;
}

/** The family of a column. A sample is `cell × multiply ÷ divide`, of the fixed-point cell. */
export interface ColumnFamily extends Family {
  readonly column: Column;
  readonly multiply: number;
  readonly divide: number;
}

interface BaseUnit {
  /** Suffix of the name, or null without a unit. */
  readonly unit: string | null;
  /** Suffix of the column's own name that it replaces. */
  readonly own?: RegExp;
  readonly multiply?: number;
  readonly divide?: number;
}

/** Prometheus wants base units, and names that end in them; the columns' own are those that people read. */
const BASE_UNITS: Readonly<Record<Unit, BaseUnit>> = {
  ms: { unit: 'seconds', own: /_ms$/, divide: 1000 },
  epoch_s: { unit: 'timestamp_seconds', own: /_at$/ },
  count: { unit: null },
  'count/min': { unit: null },
  'count/h': { unit: null },
  '1/s': { unit: null },
  bytes: { unit: 'bytes', own: /^bytes_|_bytes$/ },
  // The hub's MB of memory are MiB; those of disks and networks are powers of ten.
  MB: { unit: 'bytes', own: /_mb$/, multiply: 2 ** 20 },
  'MB/s': { unit: 'bytes_per_second', own: /_mb_s$/, multiply: 1e6 },
  Mbps: { unit: 'bytes_per_second', own: /_mbps/, multiply: 1e6 / 8 },
  kbps: { unit: 'bytes_per_second', own: /_kbps$/, multiply: 1000 / 8 },
  '%': { unit: 'ratio', own: /_percent$/, divide: 100 },
  ratio: { unit: 'ratio', own: /_(rate|ratio)$/ },
  '×': { unit: null },
  dB: { unit: 'decibels', own: /_db$/ },
  '°C': { unit: 'celsius', own: /_c$/ },
  W: { unit: 'watts', own: /_w$/ },
  MHz: { unit: 'hertz', own: /_mhz$/, multiply: 1e6 },
  enum: { unit: null },
};

/** Prefix of the families of a table's rows. A connection has no series of its own; only the worst do. */
const PREFIX: Readonly<Record<TableName, string>> = {
  hubs: 'auralis_hub_',
  streams: 'auralis_stream_',
  connections: 'auralis_worst_listener_',
  engines: 'auralis_engine_',
  hosts: 'auralis_host_',
  gpus: 'auralis_gpu_',
  alerts: 'auralis_alert_',
};

/** The label that tells a table's rows from each other; its value is the row's key. */
export const ROW_LABEL = { hubs: 'hub', streams: 'stream', engines: 'stream', hosts: 'host', gpus: 'gpu' } as const;

/** Return the name of a figure in its base unit, and the conversion: `× multiply ÷ divide`. */
export function inBaseUnit(name: string, unit: Unit) {
  const base = BASE_UNITS[unit];
  const own = base.own === undefined ? name : name.replace(base.own, '');
  return {
    name: base.unit === null ? own : `${own}_${base.unit}`,
    unit: base.unit === 'timestamp_seconds' ? 'seconds' : base.unit,
    multiply: base.multiply ?? 1,
    divide: base.divide ?? 1,
  };
}

export function familyOf(column: Column): ColumnFamily {
  const { name, unit, multiply, divide } = inBaseUnit(column.name, column.unit);
  return {
    name: PREFIX[column.table] + name,
    type: column.counter ? 'counter' : 'gauge',
    unit,
    help: column.labels === undefined ? column.help : `${column.help} (${codesOf(column.labels)})`,
    column,
    multiply,
    divide: divide * 10 ** column.scale,
  };
}

/** A bound of a column (its target, its alert threshold) in the unit of its family. */
export function boundIn(family: ColumnFamily, bound: number): number {
  return (bound * 10 ** family.column.scale * family.multiply) / family.divide;
}

/** Return the name of a sample of the family, as in queries. */
export const seriesOf = (family: Family) => (family.type === 'counter' ? `${family.name}_total` : family.name);

/** Families of every column of the tables whose rows are on the page. */
export const TABLE_FAMILIES: Readonly<Record<keyof typeof ROW_LABEL, readonly ColumnFamily[]>> = {
  hubs: SCHEMAS.hubs.columns.map(familyOf),
  streams: SCHEMAS.streams.columns.map(familyOf),
  engines: SCHEMAS.engines.columns.map(familyOf),
  hosts: SCHEMAS.hosts.columns.map(familyOf),
  gpus: SCHEMAS.gpus.columns.map(familyOf),
};

function codesOf(labels: readonly string[]): string {
  return labels.map((label, code) => `${code} ${label}`).join(', ');
}
