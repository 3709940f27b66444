import { byteDifferences, NOT_BYTES } from './byte-differences.js';
import { OP } from './codes.js';
import { type FrameHeader, type FrameSink, MAX_INT8, type SinkColumn } from './frame-sink.js';
import { Membership, type RowSelector, roomFor } from './membership.js';
import type { Table } from './table.js';

/**
 * Makes the frames of one channel. A channel is some columns and some rows of one table. The builder holds its
 * *baseline*: the rows and cells of a client that applied every frame so far. `advance` writes what has changed since
 * the baseline, and brings the baseline up to date. `snapshot` writes the baseline, so that a new client can apply
 * the same DELTAs as the others.
 */
export class FrameBuilder {
  readonly #table: Table;
  readonly #columns: readonly number[];
  readonly #rows: Membership;
  #seq = 0;
  /** How many rows the table had for this channel at the last frame, a view's `offset` and `limit` aside. */
  #announcedTotal = 0;
  /**
   * Baseline cells by column, then by the row's slot in the channel, which is not its slot in the table. Fixed-point;
   * NaN: missing.
   */
  readonly #base: Float64Array[];

  // Scratch of one column, used again for the next.
  /** Slots of the cells that differ from the baseline. */
  #slots = new Uint32Array(16);
  /** Differences of these cells from the baseline. */
  #values = new Float64Array(16);
  /** Present values of these cells. */
  #absolutes = new Float64Array(16);
  /** Differences of all cells by slot. Used only if every difference fits into a byte. */
  #bytes = new Int8Array(16);
  /** Differences by slot, while `#spread` puts them in order of their rows. */
  #bySlot = new Float64Array(16);
  /** Slots written for the previous column. The count is -1 if that column had no list of slots. */
  #previousSlots = new Uint32Array(16);
  #previousCount = -1;
  readonly #out: SinkColumn;

  /**
   * `columns`: indexes into the table's schema, in the order in which frames carry them. `selector`: null for all
   * rows.
   */
  constructor(table: Table, columns: readonly number[], selector: RowSelector | null = null) {
    this.#table = table;
    this.#columns = columns;
    this.#rows = new Membership(table, selector);
    this.#base = columns.map(() => new Float64Array(16).fill(Number.NaN));
    const scratch = { values: this.#values, absolutes: this.#absolutes };
    this.#out = { id: 0, scale: 0, slots: null, sameSlots: false, count: 0, most: 0, bytes: null, ...scratch };
  }

  /** Number of the last DELTA; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Rows in the channel. */
  get size(): number {
    return this.#rows.size;
  }

  /**
   * Bring the baseline up to date with the table, and write the changes to each sink as a DELTA with the next `seq`.
   * If nothing in this channel changed, write nothing and return false, unless `evenEmpty`.
   */
  advance(channel: number, source: string, t: number, sinks: readonly FrameSink[], evenEmpty: boolean): boolean {
    const rows = this.#rows;
    const hasChanges = rows.update();
    this.#makeRoom();
    this.#forgetRemoved();
    if (!(hasChanges && this.#hasNews()) && !evenEmpty) return false;
    this.#seq++;
    const header: FrameHeader = { opcode: OP.DELTA, channel, source, seq: this.#seq, t, total: rows.total };
    for (const sink of sinks) {
      sink.begin(header);
      sink.removed(rows.removed, rows.removedCount);
      sink.rows(rows.addedCount);
      this.#writeRows(sink, rows.added, rows.addedCount);
    }
    this.#previousCount = -1;
    for (let at = 0; at < this.#columns.length; at++) this.#writeDifference(at, sinks);
    for (const sink of sinks) sink.end();
    this.#announcedTotal = rows.total;
    return true;
  }

  /** Write the baseline as a SNAPSHOT at the present `seq`. */
  snapshot(channel: number, source: string, t: number, sink: FrameSink): void {
    const steps = this.snapshotSteps(channel, source, t, sink);
    while (steps.next().done !== true);
  }

  /**
   * Do the work of `snapshot` in steps, because 10,000 rows take up to 50 ms. A step writes some rows or one column.
   * Until the last step, do not call `advance`, and write nothing else to `sink`.
   */
  *snapshotSteps(channel: number, source: string, t: number, sink: FrameSink): Generator<void> {
    const rows = this.#rows;
    sink.begin({ opcode: OP.SNAPSHOT, channel, source, seq: this.#seq, t, total: this.#announcedTotal });
    sink.rows(rows.size);
    let count = 0;
    for (let slot = 0; slot < rows.highWater; slot++) if (rows.isMember(slot)) this.#slots[count++] = slot;
    for (let from = 0; from < count; from += ROWS_A_STEP) {
      this.#writeRows(sink, this.#slots.subarray(from), Math.min(ROWS_A_STEP, count - from));
      yield;
    }
    for (let at = 0; at < this.#columns.length; at++) {
      if (at > 0) yield;
      const base = this.#base[at] as Float64Array;
      let known = 0;
      let most = 0;
      for (let index = 0; index < count; index++) {
        const fixed = base[this.#slots[index] as number] as number;
        this.#values[index] = fixed;
        if (fixed !== fixed) continue;
        known++;
        most = Math.max(most, Math.abs(fixed));
      }
      this.#out.most = most;
      // A column that nobody has reported is left out: cells are missing until a frame says otherwise.
      if (known > 0) this.#emit(at, sink, null, count, this.#values, this.#values);
    }
    sink.end();
  }

  /**
   * Whether a row came or went, the total changed, or a column of this channel changed. A row whose attributes change
   * is listed as added again.
   */
  #hasNews(): boolean {
    const rows = this.#rows;
    if (rows.removedCount > 0 || rows.addedCount > 0 || rows.total !== this.#announcedTotal) return true;
    return rows.changedCount > 0 && this.#columns.some((index) => rows.isTouched(index));
  }

  #forgetRemoved(): void {
    const { removed, removedCount } = this.#rows;
    for (let index = 0; index < removedCount; index++) {
      for (const base of this.#base) base[removed[index] as number] = Number.NaN;
    }
  }

  #writeRows(sink: FrameSink, slots: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      sink.row(slot, this.#rows.keyOf(slot), this.#rows.attributesOf(slot));
    }
  }

  /** Bring one column of the baseline up to date, and write what differed. */
  #writeDifference(at: number, sinks: readonly FrameSink[]): void {
    const rows = this.#rows;
    const index = this.#columns[at] as number;
    // An added row brings cells that are older than this frame. Without added rows, an untouched column has no changes.
    if (rows.addedCount === 0 && !rows.isTouched(index)) return;
    const cells = this.#table.cells[index] as Float64Array;
    const base = this.#base[at] as Float64Array;
    let count = rows.isAllChanged ? byteDifferences(cells, base, rows.highWater, this.#bytes) : NOT_BYTES;
    // No difference in `#bytes` is larger. If they do not fit into bytes, `#takeChanged` finds the largest.
    this.#out.most = MAX_INT8;
    if (count > 0 && isDense(count, rows.size)) {
      this.#writeBytes(at, cells, base, sinks);
      return;
    }
    if (count === NOT_BYTES) count = this.#takeChanged(cells, base);
    else this.#takeBytes(count, cells, base);
    if (count > 0 && sinks.length > 0) this.#writeColumn(at, count, base, sinks);
  }

  /** Bring the baseline up to date, and note the slots that differed in `#slots`, `#values` and `#absolutes`. */
  #takeChanged(cells: Float64Array, base: Float64Array): number {
    const slots = this.#slots;
    const values = this.#values;
    const absolutes = this.#absolutes;
    // Read these fields once. The compiler would read them again after each store, which might have changed them.
    const { isAllChanged, changed, changedCount, tableSlot } = this.#rows;
    let count = 0;
    let most = 0;
    for (let at = 0; at < changedCount; at++) {
      // If all rows have changed, `at` is both slots, in channel and table. Looking them up would double the time.
      const slot = isAllChanged ? at : (changed[at] as number);
      const now = cells[isAllChanged ? at : (tableSlot[slot] as number)] as number;
      const before = base[slot] as number;
      if (now === before || (now !== now && before !== before)) continue;
      // A cell that was missing counts as 0.
      const difference = before === before ? now - before : now;
      base[slot] = now;
      slots[count] = slot;
      values[count] = difference;
      absolutes[count++] = now;
      // Find the largest here: a separate pass over all values took a fifth of the frame's time.
      const magnitude = Math.abs(difference);
      if (magnitude > most) most = magnitude;
    }
    this.#out.most = most;
    return count;
  }

  /** Write `#bytes` as they are, one for each slot. Every slot is in use. */
  #writeBytes(at: number, cells: Float64Array, base: Float64Array, sinks: readonly FrameSink[]): void {
    const slots = this.#rows.highWater;
    base.set(cells.subarray(0, slots));
    this.#out.bytes = this.#bytes;
    for (const sink of sinks) this.#emit(at, sink, null, slots, this.#bySlot, base);
    this.#out.bytes = null;
    this.#previousCount = -1;
  }

  /** Do what `#takeChanged` does, with the `count` differences in `#bytes` that are not 0. */
  #takeBytes(count: number, cells: Float64Array, base: Float64Array): void {
    const slots = this.#slots;
    const values = this.#values;
    const absolutes = this.#absolutes;
    const bytes = this.#bytes;
    let found = 0;
    for (let slot = 0; found < count; slot++) {
      const difference = bytes[slot] as number;
      if (difference === 0) continue;
      const now = cells[slot] as number;
      base[slot] = now;
      slots[found] = slot;
      values[found] = difference;
      absolutes[found++] = now;
    }
  }

  #writeColumn(at: number, count: number, base: Float64Array, sinks: readonly FrameSink[]): void {
    const rows = this.#rows;
    // If every slot is in use and has changed, `#values` already holds one difference for each row, in order.
    if (count === rows.highWater && rows.isAllChanged) {
      for (const sink of sinks) this.#emit(at, sink, null, count, this.#values, this.#absolutes);
      this.#previousCount = -1;
      return;
    }
    const same = count === this.#previousCount && equal(this.#slots, this.#previousSlots, count);
    if (!same && isDense(count, rows.size)) {
      const entries = this.#spread(count, base);
      for (const sink of sinks) this.#emit(at, sink, null, entries, this.#values, this.#absolutes);
      this.#previousCount = -1;
      return;
    }
    for (const sink of sinks) this.#emit(at, sink, this.#slots, count, this.#values, this.#absolutes, same);
    if (!same) {
      this.#previousSlots.set(this.#slots.subarray(0, count));
      this.#previousCount = count;
    }
  }

  /**
   * Rewrite `#values` and `#absolutes` from one entry for each changed row to one for each row of the channel. Return
   * how many rows there are.
   */
  #spread(count: number, base: Float64Array): number {
    const rows = this.#rows;
    const bySlot = this.#bySlot;
    bySlot.fill(0, 0, rows.highWater);
    for (let at = 0; at < count; at++) bySlot[this.#slots[at] as number] = this.#values[at] as number;
    let entries = 0;
    for (let slot = 0; slot < rows.highWater; slot++) {
      if (!rows.isMember(slot)) continue;
      const fixed = base[slot] as number;
      // A cell that did not change has difference 0. A cell that is missing is written as missing again.
      this.#values[entries] = fixed === fixed ? (bySlot[slot] as number) : Number.NaN;
      this.#absolutes[entries++] = fixed;
    }
    return entries;
  }

  #emit(
    at: number,
    sink: FrameSink,
    slots: Uint32Array | null,
    count: number,
    values: Float64Array,
    absolutes: Float64Array,
    sameSlots = false,
  ): void {
    const column = this.#table.schema.columns[this.#columns[at] as number];
    if (column === undefined) throw new Error(`${this.#table.schema.table} has no column ${this.#columns[at]}`);
    const out = this.#out;
    out.id = column.id;
    out.scale = column.scale;
    out.slots = slots;
    out.sameSlots = sameSlots;
    out.count = count;
    out.values = values;
    out.absolutes = absolutes;
    sink.column(out);
  }

  #makeRoom(): void {
    const needed = this.#rows.highWater;
    if (this.#bySlot.length >= needed) return;
    const room = roomFor(needed);
    this.#bySlot = new Float64Array(room);
    this.#slots = new Uint32Array(room);
    this.#previousSlots = new Uint32Array(room);
    this.#values = new Float64Array(room);
    this.#bytes = new Int8Array(room);
    this.#absolutes = new Float64Array(room);
    for (const [index, base] of this.#base.entries()) {
      const larger = new Float64Array(room).fill(Number.NaN);
      larger.set(base);
      this.#base[index] = larger;
    }
  }
}

/** Writing names and attributes of this number of rows takes about a millisecond. */
const ROWS_A_STEP = 1_000;

/**
 * Whether a value for every row takes no more bytes than a list of changes. A change takes at least three bytes: two
 * for its slot, and one for its value.
 */
const isDense = (count: number, rows: number) => count * 3 >= rows;

function equal(a: Uint32Array, b: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (a[index] !== b[index]) return false;
  return true;
}
