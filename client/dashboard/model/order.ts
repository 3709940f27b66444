/** In which order a table shows its rows. */
import type { CatalogueEntry } from '@auralis/shared';
import type { Row, Rows } from './feed.js';

export interface Sort {
  /** Label of the column sorted by. */
  readonly label: string;
  /** Worst first, and for what knows no worse the greatest first; false turns it round. */
  readonly worstFirst: boolean;
}

/** A click on a head: worst first, then the other way round, then back to how it was at first. */
export function nextSort(sort: Sort, label: string, atFirst: Sort): Sort {
  if (sort.label !== label) return { label, worstFirst: true };
  return sort.worstFirst ? { label, worstFirst: false } : atFirst;
}

/** Whether the greatest come first. If both ends are bad, the low one is nearer to an audio gap. */
export function isDescending({ worstFirst }: Sort, spec: Pick<CatalogueEntry, 'worse'> | null): boolean {
  const isWorstGreatest = spec?.worse !== 'less' && spec?.worse !== 'both';
  return isWorstGreatest === worstFirst;
}

export type Compare = (a: Row, b: Row) => number;

/** By what `readingOf` says; what is missing comes last, whichever way; equal ones by `otherwise`. */
export function byValue(readingOf: (row: Row) => number | null, descending: boolean, otherwise: Compare): Compare {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const [left, right] = [readingOf(a), readingOf(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || otherwise(a, b);
    return (left - right) * sign || otherwise(a, b);
  };
}

export const byName: Compare = (a, b) => compareText(nameOf(a), nameOf(b)) || compareText(a.key, b.key);

const compareText = new Intl.Collator('en', { numeric: true }).compare;

/** Return the name of a row: a listener's client, if it has one. */
export function nameOf(row: Row): string {
  return row.attribute('client') || row.key;
}

/** How often rows may change places by themselves: faster, and nobody can read or click them. */
const REORDER_MS = 1_000;

/** Keeps the order of some rows between paints. */
export class RowOrder {
  keys: readonly string[] = [];
  #compare: Compare | null = null;
  #orderedAt = 0;

  /**
   * Orders anew by another `compare`, or when the last order is old and not `held` (somebody points at a row).
   * Otherwise rows stay where they are, and one that came takes the place of one that went.
   */
  update(rows: Rows, compare: Compare, held: boolean, now: number): void {
    const isDue = !held && now - this.#orderedAt >= REORDER_MS;
    if (compare === this.#compare && !isDue && this.keys.length > 0) {
      this.#keepPlaces(rows, compare);
      return;
    }
    this.#orderedAt = now;
    this.#compare = compare;
    this.keys = sorted([...rows.values()], compare);
  }

  #keepPlaces(rows: Rows, compare: Compare): void {
    const isWhole = this.keys.length === rows.size && this.keys.every((key) => rows.has(key));
    if (isWhole) return;
    const placed = new Set(this.keys);
    const came = sorted(
      [...rows.values()].filter(({ key }) => !placed.has(key)),
      compare,
    );
    const kept = this.keys.flatMap((key) => (rows.has(key) ? key : (came.shift() ?? [])));
    this.keys = [...kept, ...came];
  }
}

function sorted(rows: Row[], compare: Compare): string[] {
  return rows.sort(compare).map(({ key }) => key);
}
