import type { Row, Rows } from './feed.js';
import { type Compare, RowOrder } from './order.js';

/** Rows in an order, of which a table shows some: `PagedRows`, or a whole table in an order of the page's own. */
export interface Listing {
  readonly total: number;
  /** Rows `first` to `end` are in sight. */
  show(first: number, end: number): void;
  /** Puts the rows in order; see RowOrder. `now`: ms. */
  arrange(held: boolean, now: number): void;
  /** null where the row has not come. */
  keyAt(index: number): string | null;
  /** -1 where it is not here. */
  indexOf(key: string): number;
  row(key: string): Row | undefined;
}

/** A whole table. */
export class WholeListing implements Listing {
  rows: Rows;
  compare: Compare;
  readonly #order = new RowOrder();

  constructor(rows: Rows, compare: Compare) {
    this.rows = rows;
    this.compare = compare;
  }

  get total(): number {
    return this.#order.keys.length;
  }

  show(): void {}

  arrange(held: boolean, now: number): void {
    this.#order.update(this.rows, this.compare, held, now);
  }

  keyAt(index: number): string | null {
    return this.#order.keys[index] ?? null;
  }

  indexOf(key: string): number {
    return this.#order.keys.indexOf(key);
  }

  row(key: string): Row | undefined {
    return this.rows.get(key);
  }
}
