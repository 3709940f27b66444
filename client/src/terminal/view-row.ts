import type { LiveRow, Subscription } from '../live/types.js';

/** A row as plain data. `values` holds readings by column name, in the column's unit. A missing reading is null. */
export interface ViewRow {
  readonly key: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number | null>>;
}

/** The part of a subscription that rows are read from. */
export type Rows = Pick<Subscription, 'rows' | 'columns' | 'attributes'>;

/** Copies a row as it is now. */
export function copyOf(row: LiveRow, { columns, attributes }: Rows): ViewRow {
  return {
    key: row.key,
    attributes: Object.fromEntries(attributes.map((name) => [name, row.attribute(name)])),
    values: Object.fromEntries(columns.map(({ name }) => [name, row.get(name)])),
  };
}

/** Copies all rows, in no order. */
export function copiesOf(rows: Rows): ViewRow[] {
  return Array.from(rows.rows.values(), (row) => copyOf(row, rows));
}
