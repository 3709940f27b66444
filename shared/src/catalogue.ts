/**
 * The catalogue: every table, its attributes and its columns, in one place. Dashboards, Prometheus, alert rules, REST
 * and the documentation take names, units, targets and thresholds from here and from nowhere else.
 *
 * A new metric is one entry in `columns/` and one line where it is measured.
 */
import type { Bounds, ColumnSpec } from './column.js';
import { connectionColumns } from './columns/connections.js';
import { alertColumns, engineColumns, gpuColumns, hostColumns } from './columns/engine-room.js';
import { hubColumns, streamColumns } from './columns/hub.js';

/** A column with its place: `name` within `table`, `index` within the table's columns. */
export interface Column extends ColumnSpec {
  readonly table: TableName;
  readonly name: string;
  readonly index: number;
}

export type TableName = 'hubs' | 'streams' | 'connections' | 'engines' | 'hosts' | 'gpus' | 'alerts';

/** A table's shape. `index` maps a column's name to its place in `columns`. */
export interface Schema<Name extends string = string, Attribute extends string = string> {
  readonly table: TableName;
  readonly attributes: readonly Attribute[];
  readonly columns: readonly Column[];
  readonly index: Readonly<Record<Name, number>>;
}

function schema<Name extends string, Attribute extends string>(
  table: TableName,
  attributes: readonly Attribute[],
  specs: Readonly<Record<Name, ColumnSpec>>,
): Schema<Name, Attribute> {
  const names = Object.keys(specs) as Name[];
  const columns = names.map((name, index): Column => ({ ...specs[name], table, name, index }));
  const index = Object.fromEntries(names.map((name, at) => [name, at])) as Record<Name, number>;
  return Object.freeze({ table, attributes, columns, index });
}

/** Every table of the hub. A topic of the live protocol is one of these names. */
export const SCHEMAS = {
  hubs: schema('hubs', ['version', 'transport'], hubColumns),
  streams: schema('streams', [], streamColumns),
  connections: schema('connections', ['stream', 'client', 'address', 'reason'], connectionColumns),
  engines: schema('engines', ['stream'], engineColumns),
  hosts: schema('hosts', [], hostColumns),
  gpus: schema('gpus', ['name', 'uuid'], gpuColumns),
  alerts: schema(
    'alerts',
    ['rule', 'severity', 'scope', 'title', 'blame', 'evidence', 'message', 'stream', 'silence', 'inhibited_by'],
    alertColumns,
  ),
} as const;

type Specs = Readonly<Record<string, ColumnSpec>>;

/** Numbers of the labels of each enum column. */
type ValuesOf<Columns extends Specs> = {
  readonly [Name in keyof Columns as Columns[Name] extends { readonly labels: readonly string[] } ? Name : never]: {
    readonly [Label in (Columns[Name] & { readonly labels: readonly string[] })['labels'][number]]: number;
  };
};

function valuesOf<Columns extends Specs>(columns: Columns): ValuesOf<Columns> {
  const enums = Object.entries(columns).filter(([, { labels }]) => labels !== undefined);
  const numbered = enums.map(([name, { labels = [] }]) => [
    name,
    Object.fromEntries(labels.map((label, at) => [label, at])),
  ]);
  return Object.fromEntries(numbered);
}

/** Values of enum columns by table, column and label: `VALUES.connections.trust.stale` is 1. */
export const VALUES = {
  hubs: /* @__PURE__ */ valuesOf(hubColumns),
  streams: /* @__PURE__ */ valuesOf(streamColumns),
  connections: /* @__PURE__ */ valuesOf(connectionColumns),
  hosts: /* @__PURE__ */ valuesOf(hostColumns),
  gpus: /* @__PURE__ */ valuesOf(gpuColumns),
  alerts: /* @__PURE__ */ valuesOf(alertColumns),
} as const;

export const TABLE_NAMES = Object.keys(SCHEMAS) as readonly TableName[];

/** All columns of all tables, in the order of their tables. */
export const COLUMNS: readonly Column[] = TABLE_NAMES.flatMap((name) => SCHEMAS[name].columns);

export type Level = 'ok' | 'off-target' | 'alert';

/** How a reading stands against its column's target and alert threshold; a missing reading (`null`) has no level. */
export function levelOf(column: Pick<ColumnSpec, 'target' | 'alert'>, value: number | null): Level | null {
  if (value === null || Number.isNaN(value)) return null;
  if (outside(column.alert, value)) return 'alert';
  return outside(column.target, value) ? 'off-target' : 'ok';
}

function outside(bounds: Bounds | undefined, value: number): boolean {
  if (bounds === undefined) return false;
  return (bounds.min !== undefined && value < bounds.min) || (bounds.max !== undefined && value > bounds.max);
}
