import type { Schema } from './catalogue.js';
import { MAX_FIXED, MAX_ROWS } from './limits.js';

/**
 * A table: rows with a string key and text attributes, and numeric columns. Struct of arrays: a row is a slot, a
 * column is one Float64Array of fixed-point integers, round(value × 10^scale), NaN where nothing was reported.
 * Writing a reading allocates nothing.
 *
 * Instead of one dirty bit there is one stamp a row and one a column, taken from a clock that each reader advances.
 * So any number of readers, each at its own rate, can ask "what changed since I last looked?" without keeping bits
 * for each.
 */
export class Table<Name extends string = string> {
  readonly schema: Schema<Name>;
  /**
   * `cells[column index][slot]`: fixed-point integer, or NaN for missing; of no meaning in slots that were never in
   * use. Written by `set`, `setSome`, `add` and `clear` alone, for columns in which nothing was ever written are one
   * and the same array.
   */
  readonly cells: Float64Array[];
  /** Slots from 0 up to, not including, this one have been in use. */
  highWater = 0;
  /** Rows that are live. */
  size = 0;
  /** Stamp of the last change of a row, whatever it was. */
  rowStamp: Float64Array;
  /** Stamp of the last change of a row's attributes. */
  attributeStamp: Float64Array;
  /** Stamp of the last change in a column. */
  readonly columnStamp: Float64Array;
  /**
   * Odd while the slot is live; counts up at every open and close, so a reused slot can be told from the row before.
   */
  generation: Uint32Array;

  /** Wall clock minus the clock of `epochS`, ms. */
  #wallOffsetMs = 0;
  #clock = 1;
  #lastStamp = 0;
  #rowsStamp = 0;
  #capacity: number;
  /**
   * One block with all columns, one after another. Pages in which no slot was in use cost nothing, so a table may
   * have room from the start for all its rows.
   */
  #room: ArrayBuffer;
  /**
   * A column of which nothing is known: half of those of `connections`, while nobody plays, would cost 8 bytes a row
   * each.
   */
  #missing: Float64Array;
  readonly #factors: Float64Array;
  readonly #slots = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #attributes: (readonly string[])[] = [];
  readonly #free: number[] = [];

  /**
   * `capacity`: rows that it holds before it grows, which copies all of them and leaves what was too small to the
   * collector.
   */
  constructor(schema: Schema<Name>, capacity = 16) {
    const { length } = schema.columns;
    this.schema = schema;
    this.#capacity = capacity;
    this.#factors = Float64Array.from(schema.columns, (column) => 10 ** column.scale);
    this.#room = roomFor(length, capacity);
    const missing = this.#place(length);
    this.#missing = missing;
    this.cells = schema.columns.map(() => missing);
    this.rowStamp = this.#place(length + 1);
    this.attributeStamp = this.#place(length + 2);
    this.columnStamp = new Float64Array(length);
    this.generation = new Uint32Array(capacity);
  }

  /** Stamp of the last change of anything in the table. */
  get lastStamp(): number {
    return this.#lastStamp;
  }

  /** Stamp of the last time that a row came or went, or that its attributes changed. */
  get rowsStamp(): number {
    return this.#rowsStamp;
  }

  /** Ends the current stamp and returns it: whatever is written from now on carries a larger one. */
  nextStamp(): number {
    return this.#clock++;
  }

  /**
   * Adds a row and returns its slot; all its cells are missing. Throws if the key is in use or the table is full.
   * `attributes` are in the schema's order; fewer are filled up with ''.
   */
  open(key: string, attributes: readonly string[] = []): number {
    if (this.#slots.has(key)) throw new Error(`${this.schema.table}: there is a row "${key}" already`);
    // Room first: a row that is refused leaves no trace.
    if (this.#free.length === 0 && this.highWater >= this.#capacity) this.#grow();
    const slot = this.#free.pop() ?? this.#nextSlot();
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.generation[slot] = (this.generation[slot] as number) + 1;
    this.size++;
    this.setAttributes(slot, attributes);
    return slot;
  }

  /** Removes a row; its slot may be used again at once. */
  close(slot: number): void {
    this.#assertLive(slot);
    this.#slots.delete(this.#keys[slot] as string);
    this.#keys[slot] = '';
    this.#attributes[slot] = [];
    this.generation[slot] = (this.generation[slot] as number) + 1;
    this.#rowsStamp = this.#clock;
    this.#touch(slot);
    for (const column of this.cells) if (column !== this.#missing) column[slot] = Number.NaN;
    this.#free.push(slot);
    this.size--;
  }

  setAttributes(slot: number, attributes: readonly string[]): void {
    this.#assertLive(slot);
    this.#attributes[slot] = this.schema.attributes.map((_, at) => attributes[at] ?? '');
    this.attributeStamp[slot] = this.#clock;
    this.#rowsStamp = this.#clock;
    this.#touch(slot);
  }

  /** Writes a reading. NaN, an infinity, or a number too large for a cell is stored as missing. */
  set(slot: number, column: number, value: number): void {
    const fixed = toFixedPoint(value, this.#factors[column] as number);
    const cells = this.cells[column] as Float64Array;
    const old = cells[slot] as number;
    // NaN differs from itself: missing stays missing without a mark.
    if (fixed === old || (fixed !== fixed && old !== old)) return;
    this.#write(slot, column, fixed);
  }

  /**
   * As `set` for each column of `columns` whose place in `present` is 1: a report's seventeen readings in one call,
   * which marks the row once.
   */
  setSome(slot: number, columns: Uint16Array, values: Float64Array, present: Uint8Array): void {
    const { cells, columnStamp } = this;
    const stamp = this.#clock;
    let isChanged = false;
    for (let at = 0; at < columns.length; at++) {
      if (present[at] !== 1) continue;
      const column = columns[at] as number;
      const fixed = toFixedPoint(values[at] as number, this.#factors[column] as number);
      const readings = cells[column] as Float64Array;
      const old = readings[slot] as number;
      if (fixed === old || (fixed !== fixed && old !== old)) continue;
      (readings === this.#missing ? this.#own(column) : readings)[slot] = fixed;
      columnStamp[column] = stamp;
      isChanged = true;
    }
    if (isChanged) this.#touch(slot);
  }

  /**
   * Add to a counter; a missing one counts from 0. `amount` is rounded as a reading is. An amount that is not finite,
   * or with which the cell would overflow, changes nothing.
   */
  add(slot: number, column: number, amount: number): void {
    const cells = this.cells[column] as Float64Array;
    const old = cells[slot] as number;
    const fixed = (old === old ? old : 0) + toFixedPoint(amount, this.#factors[column] as number);
    if (fixed === old || !(Math.abs(fixed) <= MAX_FIXED)) return;
    this.#write(slot, column, fixed);
  }

  /** Makes a cell missing. */
  clear(slot: number, column: number): void {
    this.set(slot, column, Number.NaN);
  }

  /** The reading, in the column's unit, or NaN where it is missing. */
  get(slot: number, column: number): number {
    return ((this.cells[column] as Float64Array)[slot] as number) / (this.#factors[column] as number);
  }

  /** The reading of an `epoch_s` column for an instant `at` of the hub's clock, ms. */
  epochS(at: number): number {
    return (at + this.#wallOffsetMs) / 1000;
  }

  /** The wall clock stepped by `ms`: move all times of `epoch_s` columns along, so that ages stay as they are. */
  stepWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
    for (const { index, unit } of this.schema.columns) {
      if (unit !== 'epoch_s') continue;
      for (const slot of this.slots()) this.set(slot, index, this.get(slot, index) + ms / 1000);
    }
  }

  isLive(slot: number): boolean {
    return ((this.generation[slot] ?? 0) & 1) === 1;
  }

  slotOf(key: string): number | undefined {
    return this.#slots.get(key);
  }

  keyOf(slot: number): string {
    return this.#keys[slot] ?? '';
  }

  attributesOf(slot: number): readonly string[] {
    return this.#attributes[slot] ?? [];
  }

  /** Slots of the live rows, in the order in which the rows were opened. */
  slots(): Iterable<number> {
    return this.#slots.values();
  }

  #write(slot: number, column: number, fixed: number): void {
    const cells = this.cells[column] as Float64Array;
    (cells === this.#missing ? this.#own(column) : cells)[slot] = fixed;
    this.#touch(slot);
    this.columnStamp[column] = this.#clock;
  }

  /** A slot that was never in use: its cells are missing from now on. */
  #nextSlot(): number {
    const slot = this.highWater++;
    for (const column of this.cells) column[slot] = Number.NaN;
    this.#missing[slot] = Number.NaN;
    return slot;
  }

  /** Gives a column an array of its own. */
  #own(column: number): Float64Array {
    const own = this.#place(column).fill(Number.NaN, 0, this.highWater);
    this.cells[column] = own;
    return own;
  }

  #place(at: number): Float64Array {
    return new Float64Array(this.#room, at * this.#capacity * Float64Array.BYTES_PER_ELEMENT, this.#capacity);
  }

  #touch(slot: number): void {
    this.rowStamp[slot] = this.#clock;
    this.#lastStamp = this.#clock;
  }

  #assertLive(slot: number): void {
    if (!this.isLive(slot)) throw new Error(`${this.schema.table}: slot ${slot} is not live`);
  }

  #grow(): void {
    if (this.#capacity >= MAX_ROWS) throw new Error(`${this.schema.table}: more than ${MAX_ROWS} rows`);
    // By a quarter: twice the rows would be half empty, which is more than all else that an idle listener costs.
    this.#capacity = Math.min(this.#capacity + Math.max(this.#capacity >> 2, MIN_GROWTH), MAX_ROWS);
    const { length } = this.cells;
    const before = this.#missing;
    this.#room = roomFor(length, this.#capacity);
    this.#missing = grown(before, this.#place(length));
    for (const [index, column] of this.cells.entries())
      this.cells[index] = column === before ? this.#missing : grown(column, this.#place(index));
    this.rowStamp = grown(this.rowStamp, this.#place(length + 1));
    this.attributeStamp = grown(this.attributeStamp, this.#place(length + 2));
    this.generation = grown(this.generation, new Uint32Array(this.#capacity));
  }
}

/** For the columns, the one that is missing, and the two stamps of a row. */
function roomFor(columns: number, capacity: number): ArrayBuffer {
  return new ArrayBuffer((columns + 3) * capacity * Float64Array.BYTES_PER_ELEMENT);
}

const MIN_GROWTH = 16;

/**
 * round(value × factor), NaN for what no cell can hold. `+ 0` turns −0, which no integer on the wire can carry, into
 * 0.
 */
function toFixedPoint(value: number, factor: number): number {
  const fixed = Math.round(value * factor) + 0;
  return Math.abs(fixed) <= MAX_FIXED ? fixed : Number.NaN;
}

function grown<A extends Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
