import {
  type Column,
  type Condition,
  ConditionError,
  MAX_CONDITIONS,
  parseCondition,
  rowTest,
  type Schema,
  show,
  type Table,
  written,
} from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import { toTheEnd } from '../time/time-slicer.js';
import { choice, named, repeated, text, wholeNumber } from './parameters.js';

/** A page of a table's rows, as REST answers it. `next`: the offset of the next page, or null. */
export interface RowsPage {
  readonly items: readonly Row[];
  readonly total: number;
  readonly next: number | null;
}

/**
 * `id`: the row's key; then its attributes and readings by name: enumerations as labels, times as ISO 8601, null
 * where missing.
 */
export type Row = Readonly<Record<string, string | number | null>>;

export interface RowsQuery {
  readonly limit: number;
  readonly offset: number;
  readonly sort: Column | null;
  readonly order: 'asc' | 'desc';
  /** All of them must hold. */
  readonly where: readonly Condition[];
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * Parameters of a list: `limit`, `offset`, `sort`, `order`, `where`, and the attributes and labelled columns in
 * `filters` by name.
 */
export function listQuery(schema: Schema, filters: readonly string[]) {
  const byName = Object.fromEntries(filters.map((name) => [name, filterBy(schema, name)]));
  return named({
    limit: wholeNumber(1, MAX_LIMIT, DEFAULT_LIMIT, 'Rows on a page'),
    offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0, 'Rows before the page'),
    sort: sortColumn(schema),
    order: choice(['asc', 'desc'], 'asc', 'Which way to sort; what is missing comes last either way'),
    where: conditions(schema),
    ...byName,
  }).transform(({ limit, offset, sort, order, where, ...named }): RowsQuery => {
    const wanted = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return {
      limit,
      offset,
      sort,
      order,
      where: [...where, ...wanted.map(([name, value]) => [name, '=', value] as const)],
    };
  });
}

function filterBy({ columns }: Schema, name: string) {
  const says = `Only rows whose ${name} is this`;
  const labels = columns.find((column) => column.name === name)?.labels;
  if (labels === undefined) return text(says);
  return z
    .enum(labels as [string, ...string[]], { error: ({ input }) => `one of ${labels.join(', ')}, not ${show(input)}` })
    .optional()
    .openapi({ description: says });
}

/** Rows that one step tests, and that one step writes: half a millisecond of work. */
const TESTED_A_STEP = 500;
const WRITTEN_A_STEP = 25;

/** Return the rows that match, in order. Rows without a reading come last, whichever way they are ordered. */
export function rowsPage(table: Table, query: RowsQuery): RowsPage {
  return toTheEnd(pageSteps(table, query, rowOf));
}

/** Return the same as JSON text, in steps. A row that goes meanwhile is left out. */
export function* rowsPageText(table: Table, query: RowsQuery): Generator<void, string> {
  const rowText = (_: Table, slot: number) => JSON.stringify(rowOf(table, slot));
  const { items, total, next } = yield* pageSteps(table, query, rowText);
  return `{"items":[${items.join(',')}],"total":${total},"next":${next}}`;
}

function* pageSteps<Item>(table: Table, query: RowsQuery, itemOf: (table: Table, slot: number) => Item) {
  const slots = yield* matching(table, query.where);
  if (query.sort !== null) sortSlots(slots, table, query.sort, query.order);
  yield;
  const page = slots.slice(query.offset, query.offset + query.limit);
  const generations = page.map((slot) => table.generation[slot]);
  const items: Item[] = [];
  for (const [at, slot] of page.entries()) {
    if (table.generation[slot] === generations[at]) items.push(itemOf(table, slot));
    if (at % WRITTEN_A_STEP === WRITTEN_A_STEP - 1) yield;
  }
  const end = query.offset + page.length;
  return { items, total: slots.length, next: end < slots.length ? end : null };
}

function* matching(table: Table, where: readonly Condition[]): Generator<void, number[]> {
  const tests = where.map((condition) => rowTest(table, condition));
  const slots = [...table.slots()];
  const found: number[] = [];
  for (const [at, slot] of slots.entries()) {
    if (table.isLive(slot) && tests.every((test) => test(slot))) found.push(slot);
    if (at % TESTED_A_STEP === TESTED_A_STEP - 1) yield;
  }
  return found;
}

export function rowOf(table: Table, slot: number): Row {
  const row: Record<string, string | number | null> = { id: table.keyOf(slot) };
  const attributes = table.attributesOf(slot);
  for (const [at, name] of table.schema.attributes.entries()) row[name] = attributes[at] ?? '';
  for (const column of table.schema.columns) {
    row[column.name] = written(column, table.get(slot, column.index));
  }
  return row;
}

/** Each cell is read once, not at each comparison. */
function sortSlots(slots: number[], table: Table, column: Column, order: 'asc' | 'desc'): void {
  const cells = table.cells[column.index] as Float64Array;
  const sign = order === 'asc' ? 1 : -1;
  const keys = new Float64Array(table.highWater);
  for (const slot of slots) {
    const fixed = cells[slot] as number;
    keys[slot] = Number.isNaN(fixed) ? Number.POSITIVE_INFINITY : sign * fixed;
  }
  slots.sort((a, b) => {
    const [left, right] = [keys[a] as number, keys[b] as number];
    // Two that are missing are equal, and their difference is no number.
    return left === right ? 0 : left - right;
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

/** `where=latency_ms>500`, once or more often. */
function conditions(schema: Schema) {
  return repeated(
    `A condition on a column, an attribute, id or any (of these), such as latency_ms>500, state=open or "id contains ab"; up to ${MAX_CONDITIONS}, which must all hold`,
  ).transform((texts, context): readonly Condition[] => {
    if (texts.length > MAX_CONDITIONS) {
      context.addIssue(`at most ${MAX_CONDITIONS} conditions, not ${texts.length}`);
      return z.NEVER;
    }
    return texts.flatMap((typed) => {
      try {
        return [parseCondition(typed, schema)];
      } catch (error) {
        if (!(error instanceof ConditionError)) throw error;
        context.addIssue(error.message);
        return [];
      }
    });
  });
}
