import { type Column, type Schema, show, type Table } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import { choice, query, text, wholeNumber } from './parameters.js';

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

/** What a list may be asked for: `limit`, `offset`, `sort`, `order`, and the attributes in `filters` by name. */
export function listQuery(schema: Schema, filters: readonly string[]) {
  const byAttribute = Object.fromEntries(filters.map((name) => [name, text(`Only rows whose ${name} is this`)]));
  return query({
    limit: wholeNumber(1, MAX_LIMIT, DEFAULT_LIMIT, 'Rows on a page'),
    offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0, 'Rows before the page'),
    sort: sortColumn(schema),
    order: choice(['asc', 'desc'], 'asc', 'Which way to sort; what is missing comes last either way'),
    ...byAttribute,
  }).transform(({ limit, offset, sort, order, ...where }): RowsQuery => {
    const wanted = Object.entries(where).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return { limit, offset, sort, order, where: new Map(wanted) };
  });
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

function sortColumn({ columns }: Schema) {
  const names = columns.map(({ name }) => name);
  return text('Column to sort by')
    .transform((name, context): Column | null => {
      if (name === undefined) return null;
      const column = columns.find((known) => known.name === name);
      if (column !== undefined) return column;
      context.addIssue(`${show(name)} is no column; known are ${names.join(', ')}`);
      return z.NEVER;
    })
    .openapi({ type: 'string', enum: names, description: 'Column to sort by' });
}
