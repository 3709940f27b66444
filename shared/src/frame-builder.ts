import { byteDifferences, NOT_BYTES } from './byte-differences.js';
import { OP } from './codes.js';
import { type FrameHeader, type FrameSink, MAX_INT8, type SinkColumn } from './frame-sink.js';
import { Membership, type RowSelector, roomFor } from './membership.js';
import type { Table } from './table.js';

/**
 * Makes the frames of one channel: of a table, some columns and some rows. It holds the channel's *baseline*: the
 * rows and cells of a client that applied every frame so far. `advance` writes the difference from the baseline to
 * the present, and moves it. `snapshot` writes the baseline, so that new and old clients go on alike.
 */
export class FrameBuilder {
  readonly #table: Table;
  readonly #columns: readonly number[];
  readonly #rows: Membership;
  #seq = 0;
  /** `total` as the last frame said it. */
  #announcedTotal = 0;
  /** Baseline cells by column and channel slot, fixed-point, NaN for missing. */
  readonly #base: Float64Array[];

  // Scratch of one column, used again: the slots that differ, by how much, and what they hold now.
  #difference = new Float64Array(16);
  #slots = new Uint32Array(16);
  #previousSlots = new Uint32Array(16);
  #previousCount = -1;
  #values = new Float64Array(16);
  #absolutes = new Float64Array(16);
  #bytes = new Int8Array(16);
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

  /** Number of the last frame; the first `advance` that finds anything makes 1. */
  get seq(): number {
    return this.#seq;
  }

  /** Rows in the channel. */
  get size(): number {
    return this.#rows.size;
  }

  /**
   * Takes what changed in the table since the last call into the baseline and writes it as the DELTA of the next
   * `seq` to each of `sinks`. Nothing of this channel changed: writes nothing and returns false, unless `evenEmpty`.
   */
  advance(channel: number, source: string, t: number, sinks: readonly FrameSink[], evenEmpty: boolean): boolean {
    const rows = this.#rows;
    const moved = rows.update();
    this.#makeRoom();
    this.#forgetRemoved();
    if (!(moved && this.#hasNews()) && !evenEmpty) return false;
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
   * The same in steps, some rows or a column each, because 10,000 rows take up to 50 ms. Until the last step nobody
   * may call `advance`, or write to `sink`.
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
   * Whether a row came, went or changed, in its attributes or in a column that this channel carries; or the total
   * did.
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

  /** Moves one column's baseline on and writes what differed. */
  #writeDifference(at: number, sinks: readonly FrameSink[]): void {
    const rows = this.#rows;
    const index = this.#columns[at] as number;
    // A row that comes in brings cells that were written before; otherwise an untouched column has nothing to say.
    if (rows.addedCount === 0 && !rows.isTouched(index)) return;
    const cells = this.#table.cells[index] as Float64Array;
    const base = this.#base[at] as Float64Array;
    let count = rows.isAllChanged ? byteDifferences(cells, base, rows.highWater, this.#bytes) : NOT_BYTES;
    // Where they are bytes; otherwise it is found out below.
    this.#out.most = MAX_INT8;
    if (count > 0 && isDense(count, rows.size)) {
      this.#writeBytes(at, cells, base, sinks);
      return;
    }
    if (count === NOT_BYTES) count = this.#takeChanged(cells, base);
    else this.#takeBytes(count, cells, base);
    if (count > 0 && sinks.length > 0) this.#writeColumn(at, count, base, sinks);
  }

  /** Moves the baseline on, and notes which slots differed, by how much, and what they hold now. */
  #takeChanged(cells: Float64Array, base: Float64Array): number {
    const slots = this.#slots;
    const values = this.#values;
    const absolutes = this.#absolutes;
    // Loaded once: in the loop, each store could have changed the fields for all that the compiler knows.
    const { isAllChanged, changed, changedCount, tableSlot } = this.#rows;
    let count = 0;
    let most = 0;
    for (let row = 0; row < changedCount; row++) {
      // Where all have changed, a row's place is its slot: half of the loop's time is spent on looking that up.
      const slot = isAllChanged ? row : (changed[row] as number);
      const now = cells[isAllChanged ? row : (tableSlot[slot] as number)] as number;
      const before = base[slot] as number;
      if (now === before || (now !== now && before !== before)) continue;
      // From missing, the difference is from 0.
      const moved = before === before ? now - before : now;
      base[slot] = now;
      slots[count] = slot;
      values[count] = moved;
      absolutes[count++] = now;
      // Looked at here, where it is at hand: a pass of its own over all values cost a fifth of the frame.
      const size = Math.abs(moved);
      if (size > most) most = size;
    }
    this.#out.most = most;
    return count;
  }

  /** Writes `bytes` as they lie: a value for each row. */
  #writeBytes(at: number, cells: Float64Array, base: Float64Array, sinks: readonly FrameSink[]): void {
    const size = this.#rows.highWater;
    base.set(cells.subarray(0, size));
    this.#out.bytes = this.#bytes;
    for (const sink of sinks) this.#emit(at, sink, null, size, this.#difference, base);
    this.#out.bytes = null;
    this.#previousCount = -1;
  }

  /** As `#takeChanged`, of the `count` differences that lie in `bytes`. */
  #takeBytes(count: number, cells: Float64Array, base: Float64Array): void {
    const slots = this.#slots;
    const values = this.#values;
    const absolutes = this.#absolutes;
    const bytes = this.#bytes;
    let found = 0;
    for (let slot = 0; found < count; slot++) {
      const moved = bytes[slot] as number;
      if (moved === 0) continue;
      const now = cells[slot] as number;
      base[slot] = now;
      slots[found] = slot;
      values[found] = moved;
      absolutes[found++] = now;
    }
  }

  #writeColumn(at: number, count: number, base: Float64Array, sinks: readonly FrameSink[]): void {
    const rows = this.#rows;
    // Every slot is in use and has changed: the differences lie there as they are to be written.
    if (count === rows.highWater && rows.isAllChanged) {
      for (const sink of sinks) this.#emit(at, sink, null, count, this.#values, this.#absolutes);
      this.#previousCount = -1;
      return;
    }
    const same = count === this.#previousCount && equal(this.#slots, this.#previousSlots, count);
    if (!same && isDense(count, rows.size)) {
      const written = this.#spread(count, base);
      for (const sink of sinks) this.#emit(at, sink, null, written, this.#values, this.#absolutes);
      this.#previousCount = -1;
      return;
    }
    for (const sink of sinks) this.#emit(at, sink, this.#slots, count, this.#values, this.#absolutes, same);
    if (!same) {
      this.#previousSlots.set(this.#slots.subarray(0, count));
      this.#previousCount = count;
    }
  }

  /** Makes what lies there by change lie there by row, for each row; returns how many rows there are. */
  #spread(count: number, base: Float64Array): number {
    const rows = this.#rows;
    const difference = this.#difference;
    difference.fill(0, 0, rows.highWater);
    for (let row = 0; row < count; row++) difference[this.#slots[row] as number] = this.#values[row] as number;
    let written = 0;
    for (let slot = 0; slot < rows.highWater; slot++) {
      if (!rows.isMember(slot)) continue;
      const fixed = base[slot] as number;
      // A row that did not change has difference 0, and one that is missing says so again.
      this.#values[written] = fixed === fixed ? (difference[slot] as number) : Number.NaN;
      this.#absolutes[written++] = fixed;
    }
    return written;
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
    if (this.#difference.length >= needed) return;
    const room = roomFor(needed);
    this.#difference = new Float64Array(room);
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

/** Names and attributes of so many rows take about a millisecond. */
const ROWS_A_STEP = 1_000;

/** Two bytes a slot and at least one a value, against one a value for every row of the channel. */
const isDense = (count: number, rows: number) => count * 3 >= rows;

function equal(a: Uint32Array, b: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (a[index] !== b[index]) return false;
  return true;
}
