import type { Column, Table } from '@auralis/shared';

/** A page of a table's rows, as REST answers it. `next`: the offset of the next page, or null. */
export interface RowsPage {
  readonly items: readonly Row[];
  readonly total: number;
  readonly next: number | null;
}

/** `id`: the row's key; then its attributes and readings by name, enumerations as labels, null where missing. */
export type Row = Readonly<Record<string, string | number | null>>;

export interface RowsQuery {
  readonly limit: number;
  readonly offset: number;
  readonly sort: Column | null;
  readonly order: 'asc' | 'desc';
  /** Rows whose attributes have these values. */
  readonly where: ReadonlyMap<string, string>;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** What is wrong with a query: names the parameter, what was found, and what is allowed. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/** Reads `limit`, `offset`, `sort`, `order` and the names in `filters` from a query. @throws QueryError */
export function rowsQuery(query: URLSearchParams, table: Table, filters: readonly string[]): RowsQuery {
  const known = ['limit', 'offset', 'sort', 'order', ...filters];
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new QueryError(`${name}: unknown; known are ${known.join(', ')}`);
  }
  const order = query.get('order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw new QueryError(`order: asc or desc, not ${JSON.stringify(order)}`);
  const where = new Map(filters.flatMap((name) => (query.has(name) ? [[name, query.get(name) as string]] : [])));
  return {
    limit: whole(query, 'limit', DEFAULT_LIMIT, 1, MAX_LIMIT),
    offset: whole(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER),
    sort: sortColumn(query.get('sort'), table),
    order,
    where,
  };
}

/** The rows that match, in order; what is missing comes last, whichever way they are ordered. */
export function rowsPage(table: Table, query: RowsQuery): RowsPage {
  const wanted = [...query.where].map(([name, value]) => [table.schema.attributes.indexOf(name), value] as const);
  const slots = [...table.slots()].filter((slot) => {
    const attributes = table.attributesOf(slot);
    return wanted.every(([at, value]) => attributes[at] === value);
  });
  if (query.sort !== null) sortSlots(slots, table, query.sort, query.order);
  const page = slots.slice(query.offset, query.offset + query.limit);
  const end = query.offset + page.length;
  return { items: page.map((slot) => rowOf(table, slot)), total: slots.length, next: end < slots.length ? end : null };
}

export function rowOf(table: Table, slot: number): Row {
  const row: Record<string, string | number | null> = { id: table.keyOf(slot) };
  const attributes = table.attributesOf(slot);
  for (const [at, name] of table.schema.attributes.entries()) row[name] = attributes[at] ?? '';
  for (const column of table.schema.columns) {
    const value = table.get(slot, column.index);
    if (Number.isNaN(value)) row[column.name] = null;
    else row[column.name] = column.labels === undefined ? value : (column.labels[value] ?? value);
  }
  return row;
}

function sortSlots(slots: number[], table: Table, column: Column, order: 'asc' | 'desc'): void {
  const sign = order === 'asc' ? 1 : -1;
  slots.sort((a, b) => {
    const [left, right] = [table.get(a, column.index), table.get(b, column.index)];
    if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
    return Number.isNaN(right) ? -1 : (left - right) * sign;
  });
}

function sortColumn(name: string | null, table: Table): Column | null {
  if (name === null) return null;
  const column = table.schema.columns.find((known) => known.name === name);
  if (column !== undefined) return column;
  const known = table.schema.columns.map((candidate) => candidate.name).join(', ');
  throw new QueryError(`sort: ${JSON.stringify(name.slice(0, 80))} is no column; known are ${known}`);
}

function whole(query: URLSearchParams, name: string, otherwise: number, min: number, max: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new QueryError(`${name}: a whole number from ${min} to ${max}, not ${JSON.stringify(text.slice(0, 40))}`);
}
