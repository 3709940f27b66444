import type { Column, Table } from '@auralis/shared';

/**
 * Counters of the rows without lines of their own, added up as they rise. A sum over whoever is among them now would
 * fall whenever one leaves, which is read as a counter that started anew.
 */
export class OtherRows {
  readonly #table: Table;
  readonly #counters: readonly Column[];
  /** The last readings and their row, by slot, then by place in `#counters`. */
  readonly #last: { generation: number; counts: Float64Array }[] = [];
  readonly #totals: Float64Array;
  /** Whether there has ever been such a row: until then there is nothing to tell. */
  any = false;

  constructor(table: Table) {
    this.#table = table;
    this.#counters = table.schema.columns.filter(({ counter }) => counter);
    this.#totals = new Float64Array(table.schema.columns.length);
  }

  /** Once a second. */
  observe(named: ReadonlySet<string>): void {
    const table = this.#table;
    for (const slot of table.slots()) {
      const isOther = !named.has(table.keyOf(slot));
      if (isOther) this.any = true;
      const generation = table.generation[slot] as number;
      let last = this.#last[slot];
      if (last === undefined || last.generation !== generation) {
        last = { generation, counts: new Float64Array(this.#counters.length) };
        this.#last[slot] = last;
      }
      for (const [at, { index }] of this.#counters.entries()) {
        const count = (table.cells[index] as Float64Array)[slot] || 0;
        if (isOther) this.#totals[index] = (this.#totals[index] as number) + count - (last.counts[at] as number);
        last.counts[at] = count;
      }
    }
  }

  /** Fixed-point, as a cell: what a counter rose by in all of them, or the sum of a gauge over those that are now. */
  cell(column: Column, slots: readonly number[]): number {
    if (column.counter) return this.#totals[column.index] as number;
    const cells = this.#table.cells[column.index] as Float64Array;
    return slots.reduce((sum, slot) => sum + (cells[slot] || 0), 0);
  }
}

/**
 * Whether a sum over streams says something: a figure with a threshold is of one stream, and a mean adds up to
 * nothing.
 */
export function isSummed({ counter, unit, alert, worse }: Column): boolean {
  if (counter) return true;
  return (unit === 'count' || unit === 'bytes') && alert === undefined && worse !== 'both' && worse !== 'less';
}
