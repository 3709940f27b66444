/** Which rows a table shows, and in which order. */
import type { CatalogueEntry } from '@auralis/shared';
import type { Row, Rows } from './feed.js';
import { type Circumstances, type Trouble, troubleOf } from './judge.js';
import { type ColumnView, LEVEL_COLUMN } from './layout.js';

export interface Sort {
  /** Label of the column sorted by. */
  readonly label: string;
  /** Worst first, and for what knows no worse the greatest first and names from A to Z; false turns it round. */
  readonly worstFirst: boolean;
}

export const DEFAULT_SORT: Sort = { label: LEVEL_COLUMN.label, worstFirst: true };

/** A click on a head: worst first, then the other way round, then back to troubles first. */
export function nextSort(sort: Sort, label: string): Sort {
  if (sort.label !== label) return { label, worstFirst: true };
  return sort.worstFirst ? { label, worstFirst: false } : DEFAULT_SORT;
}

/** How far towards its bad side a reading is; larger is worse. What is bad on both sides is measured from its target. */
export function badness(spec: Pick<CatalogueEntry, 'worse' | 'target' | 'alert'>, value: number): number {
  if (spec.worse === 'less') return -value;
  if (spec.worse !== 'both') return value;
  const low = spec.target?.min ?? spec.alert?.min ?? 0;
  const high = spec.target?.max ?? spec.alert?.max ?? low;
  // In units of the way from target to alert, so that too little and too much can be compared.
  const below = (low - value) / Math.max(low - (spec.alert?.min ?? 0), 1);
  const above = (value - high) / Math.max((spec.alert?.max ?? high * 2) - high, 1);
  return Math.max(below, above);
}

export interface Wanted {
  readonly sort: Sort;
  /** Words that must all occur in a row's text, in any case. */
  readonly filter: string;
  readonly onlyTroubled: boolean;
}

/** What was found over all rows at the last ordering. */
export interface Census {
  readonly alerts: number;
  readonly offTarget: number;
  readonly closed: number;
}

/** How often rows may change places by themselves: faster, and nobody can read or click them. */
const REORDER_MS = 1_000;

/** Keeps the order of one table's rows between paints. */
export class RowOrder {
  keys: readonly string[] = [];
  census: Census = { alerts: 0, offTarget: 0, closed: 0 };
  #wanted: Wanted | null = null;
  #orderedAt = 0;

  /**
   * Orders anew when something else is wanted, or when the last order is old and not `held` (somebody points at a row).
   * Otherwise rows stay where they are, those that went leave, and those that came wait for the next order.
   */
  update(
    rows: Rows,
    columns: readonly ColumnView[],
    wanted: Wanted,
    circumstances: Circumstances,
    held: boolean,
  ): void {
    const now = performance.now();
    const isAsked = this.#wanted === null || !sameWish(this.#wanted, wanted);
    const isDue = !held && now - this.#orderedAt >= REORDER_MS;
    const isFirst = this.keys.length === 0 && rows.size > 0;
    if (isAsked || isDue || isFirst) {
      this.#orderedAt = now;
      this.#wanted = wanted;
      this.#order(rows, columns, wanted, circumstances);
    } else if (this.keys.some((key) => !rows.has(key))) {
      this.keys = this.keys.filter((key) => rows.has(key));
    }
  }

  #order(rows: Rows, columns: readonly ColumnView[], wanted: Wanted, circumstances: Circumstances): void {
    const closed = circumstances.catalogue.get('state')?.labels?.indexOf('closed') ?? -1;
    const census = { alerts: 0, offTarget: 0, closed: 0 };
    const words = wanted.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const entries: Entry[] = [];
    for (const row of rows.values()) {
      const trouble = troubleOf(row, columns, circumstances);
      const isClosed = closed >= 0 && row.get('state') === closed;
      if (isClosed) census.closed++;
      else if (trouble.alerts > 0) census.alerts++;
      else if (trouble.offTarget > 0) census.offTarget++;
      if (wanted.onlyTroubled && trouble.alerts === 0 && trouble.offTarget === 0) continue;
      const text = textOf(row, columns, circumstances);
      if (!words.every((word) => text.includes(word))) continue;
      entries.push({ key: row.key, name: nameOf(row), rank: rankOf(row, columns, wanted.sort, trouble, isClosed) });
    }
    const direction = wanted.sort.worstFirst ? 1 : -1;
    entries.sort(
      (a, b) => compareRanks(a.rank, b.rank, direction) || compareText(a.name, b.name) || compareText(a.key, b.key),
    );
    this.keys = entries.map((entry) => entry.key);
    this.census = census;
  }
}

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly rank: number | string | null;
}

/** What a row is called: a listener by the name that it gave itself, if it did. */
export function nameOf(row: Row): string {
  return row.attribute('client') || row.key;
}

function rankOf(
  row: Row,
  columns: readonly ColumnView[],
  sort: Sort,
  trouble: Trouble,
  isClosed: boolean,
): Entry['rank'] {
  const column = columns.find(({ label }) => label === sort.label);
  if (column === undefined || column.kind === 'level') {
    // One alert weighs more than any number of readings that are off target; who left is nobody's trouble now.
    return isClosed ? -1 : trouble.alerts * 1_000 + trouble.offTarget;
  }
  if (column.kind === 'name') return nameOf(row);
  const value = row.get(column.name);
  if (value === null) return null;
  return column.spec === null ? value : badness(column.spec, value);
}

/** Greater numbers first, texts from A to Z, missing always last. */
function compareRanks(a: Entry['rank'], b: Entry['rank'], direction: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'string' || typeof b === 'string') return compareText(String(a), String(b)) * direction;
  return (b - a) * direction;
}

const compareText = new Intl.Collator('en', { numeric: true }).compare;

function textOf(row: Row, columns: readonly ColumnView[], { catalogue }: Circumstances): string {
  const parts = [row.key];
  for (const name of ['client', 'address', 'reason']) parts.push(row.attribute(name));
  for (const { name, spec } of columns) {
    if (spec?.unit !== 'enum') continue;
    const value = row.get(name);
    if (value !== null) parts.push(catalogue.get(name)?.labels?.[value] ?? '');
  }
  return parts.join(' ').toLowerCase();
}

function sameWish(a: Wanted, b: Wanted): boolean {
  return (
    a.filter === b.filter &&
    a.onlyTroubled === b.onlyTroubled &&
    a.sort.label === b.sort.label &&
    a.sort.worstFirst === b.sort.worstFirst
  );
}
