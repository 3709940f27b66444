import { type CatalogueEntry, written } from '@auralis/shared';
import type { LiveView, ViewChange, ViewRow } from './live-view.js';

/** Readings as they are written: enumerations as labels, times as ISO 8601, missing ones as null. */
type Readings = Readonly<Record<string, string | number | null>>;

export interface RowChange {
  readonly kind: 'row' | 'removed';
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** All readings of a new row, the changed ones of a known row, and none of a removed row. */
  readonly readings: Readings;
}

/**
 * Finds what changed in a view's rows since the last call. It also compares a snapshot after a gap or a reconnection
 * with the rows before it. Whoever applies every change therefore has the present rows.
 */
export class RowChanges {
  readonly #known = new Map<string, ViewRow>();

  /** The changes that `change` made to `view`. The first call gives all rows. */
  since(view: Pick<LiveView, 'rows' | 'row' | 'columns'>, change: ViewChange): RowChange[] {
    if (!change.reset) return change.touched.flatMap((key) => this.#changeOf(key, view.row(key), view.columns));
    const rows = new Map(view.rows().map((row) => [row.key, row]));
    const gone = [...this.#known.keys()].filter((key) => !rows.has(key));
    return [
      ...gone.flatMap((key) => this.#changeOf(key, null, view.columns)),
      ...[...rows].flatMap(([key, row]) => this.#changeOf(key, row, view.columns)),
    ];
  }

  #changeOf(key: string, row: ViewRow | null, columns: readonly CatalogueEntry[]): RowChange[] {
    const before = this.#known.get(key);
    if (row === null) {
      if (before === undefined) return [];
      this.#known.delete(key);
      return [{ kind: 'removed', id: key, attributes: before.attributes, readings: {} }];
    }
    this.#known.set(key, row);
    const changed = columns.filter(({ name }) => before === undefined || before.values[name] !== row.values[name]);
    const isRenamed = before === undefined || !sameTexts(before.attributes, row.attributes);
    if (changed.length === 0 && !isRenamed) return [];
    return [{ kind: 'row', id: key, attributes: row.attributes, readings: readingsOf(row, changed) }];
  }
}

function readingsOf(row: ViewRow, columns: readonly CatalogueEntry[]): Readings {
  return Object.fromEntries(
    columns.map((column) => [column.name, written(column, row.values[column.name] ?? Number.NaN)]),
  );
}

function sameTexts(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}
