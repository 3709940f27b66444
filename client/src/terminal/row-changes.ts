import { type CatalogueEntry, written } from '@auralis/shared';
import type { Change } from '../live/types.js';
import { copyOf, type Rows, type ViewRow } from './view-row.js';

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
 * Finds what changed in rows since they were last looked at. A reader may look at each frame, or once after many.
 * Either way, whoever applies every change has the present rows.
 */
export class RowChanges {
  /** The rows as they were given last. */
  readonly #known = new Map<string, ViewRow>();
  /** The keys of rows that may have changed since. */
  readonly #noted = new Set<string>();

  note({ added, removed, changed }: Pick<Change, 'added' | 'removed' | 'changed'>): void {
    for (const keys of [removed, added, changed]) for (const key of keys) this.#noted.add(key);
  }

  /** The changes that were noted since the last call, as the rows are now. */
  take(from: Rows): RowChange[] {
    const keys = [...this.#noted];
    this.#noted.clear();
    return keys.flatMap((key) => {
      const row = from.rows.get(key);
      return this.#changeOf(key, row === undefined ? null : copyOf(row, from), from.columns);
    });
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
