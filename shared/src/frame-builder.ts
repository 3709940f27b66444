import { OP } from './codes.js';
import type { FrameHeader, FrameSink, SinkColumn } from './frame-sink.js';
import type { Table } from './table.js';

/** Which rows of a table a channel shows: asked for each row that changed. */
export type RowFilter = (slot: number) => boolean;

const NOT_A_MEMBER = -1;

/**
 * Makes the frames of one channel: of a table, some columns and some rows. Holds the channel's *baseline*: the rows and
 * cells that a client which applied every frame so far has. `advance` moves the baseline to the table's present and
 * writes the difference; `snapshot` writes the baseline itself, so that a newcomer and an old client go on alike.
 *
 * A channel has slots of its own, dense, so that a channel of few rows costs little however large its table is.
 */
export class FrameBuilder {
  readonly #table: Table;
  readonly #columns: readonly number[];
  readonly #filter: RowFilter | null;

  /** Stamp of the table's clock up to which the baseline is current, and where it was before the last advance. */
  #seen = 0;
  #seenBefore = 0;
  #seq = 0;
  /** Channel slot of a table slot, or NOT_A_MEMBER. */
  #slotOf = new Int32Array(0);
  /** Table's generation of the row in a channel slot, and its table slot. Generation 0: the channel slot is free. */
  #generation = new Uint32Array(16);
  #tableSlot = new Uint32Array(16);
  /** Baseline keys and attributes by channel slot: between two frames the table's own may have moved on. */
  readonly #keys: string[] = [];
  readonly #attributes: (readonly string[])[] = [];
  #highWater = 0;
  #size = 0;
  readonly #free: number[] = [];
  /** Baseline cells by column and channel slot, fixed-point, NaN for missing. */
  readonly #base: Float64Array[];

  // Scratch of one advance, used again: which rows changed, came and went; then one column at a time.
  #changed = new Uint32Array(16);
  #changedCount = 0;
  #removed = new Uint32Array(16);
  #removedCount = 0;
  #added = new Uint32Array(16);
  #addedCount = 0;
  /** Difference by channel slot; all 0 between columns. */
  #difference = new Float64Array(16);
  #slots = new Uint32Array(16);
  #previousSlots = new Uint32Array(16);
  #previousCount = -1;
  #values = new Float64Array(16);
  #absolutes = new Float64Array(16);
  readonly #out: SinkColumn;

  /** `columns`: indexes into the table's schema, in the order in which frames carry them. */
  constructor(table: Table, columns: readonly number[], filter: RowFilter | null = null) {
    this.#table = table;
    this.#columns = columns;
    this.#filter = filter;
    this.#base = columns.map(() => new Float64Array(16).fill(Number.NaN));
    this.#out = {
      id: 0,
      scale: 0,
      slots: null,
      sameSlots: false,
      count: 0,
      values: this.#values,
      absolutes: this.#absolutes,
    };
  }

  /** Number of the last frame; the first `advance` that finds anything makes 1. */
  get seq(): number {
    return this.#seq;
  }

  /** Rows in the channel. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes what changed in the table since the last call into the baseline and writes it as the DELTA of the next `seq` to
   * each of `sinks`. Nothing of this channel changed: writes nothing and returns false, unless `evenEmpty`.
   */
  advance(channel: number, source: string, t: number, sinks: readonly FrameSink[], evenEmpty: boolean): boolean {
    this.#findRows();
    if (!this.#hasNews() && !evenEmpty) return false;
    this.#seq++;
    const header: FrameHeader = { opcode: OP.DELTA, channel, source, seq: this.#seq, t, total: this.#size };
    for (const sink of sinks) {
      sink.begin(header);
      sink.removed(this.#removed, this.#removedCount);
      sink.rows(this.#addedCount);
      this.#writeRows(sink, this.#added, this.#addedCount);
    }
    this.#previousCount = -1;
    for (let at = 0; at < this.#columns.length; at++) this.#writeDifference(at, sinks);
    for (const sink of sinks) sink.end();
    return true;
  }

  /** Writes the baseline as a SNAPSHOT at the present `seq`. */
  snapshot(channel: number, source: string, t: number, sink: FrameSink): void {
    sink.begin({ opcode: OP.SNAPSHOT, channel, source, seq: this.#seq, t, total: this.#size });
    sink.rows(this.#size);
    let count = 0;
    for (let slot = 0; slot < this.#highWater; slot++) if (this.#isMember(slot)) this.#slots[count++] = slot;
    this.#writeRows(sink, this.#slots, count);
    for (let at = 0; at < this.#columns.length; at++) {
      const base = this.#base[at] as Float64Array;
      let known = 0;
      for (let index = 0; index < count; index++) {
        const fixed = base[this.#slots[index] as number] as number;
        if (fixed === fixed) known++;
        this.#values[index] = fixed;
      }
      // A column that nobody has reported is left out: cells are missing until a frame says otherwise.
      if (known > 0) this.#emit(at, sink, null, count, this.#values, this.#values);
    }
    sink.end();
  }

  /** Fills `#changed`, `#removed` and `#added` (channel slots) from the rows stamped since `#seen`. */
  #findRows(): void {
    const table = this.#table;
    this.#changedCount = this.#removedCount = this.#addedCount = 0;
    this.#makeRoom(table.highWater);
    const seen = this.#seen;
    this.#seenBefore = seen;
    this.#seen = table.nextStamp();
    // Removals first: a slot freed in this frame may be given away again in the same frame.
    for (let slot = 0; slot < table.highWater; slot++) {
      if ((table.rowStamp[slot] as number) <= seen) continue;
      const member = this.#slotOf[slot] as number;
      if (member === NOT_A_MEMBER) continue;
      if (this.#generation[member] !== table.generation[slot] || !this.#matches(slot)) this.#remove(slot, member);
    }
    for (let slot = 0; slot < table.highWater; slot++) {
      if ((table.rowStamp[slot] as number) <= seen || !table.isLive(slot) || !this.#matches(slot)) continue;
      let member = this.#slotOf[slot] as number;
      if (member === NOT_A_MEMBER) member = this.#add(slot);
      else if ((table.attributeStamp[slot] as number) > seen) this.#introduce(slot, member);
      this.#changed[this.#changedCount++] = member;
    }
  }

  /** Whether a row came, went or changed, in its attributes or in a column that this channel carries. */
  #hasNews(): boolean {
    if (this.#removedCount > 0 || this.#addedCount > 0) return true;
    return this.#changedCount > 0 && this.#columns.some((index) => this.#isTouched(index));
  }

  #isTouched(column: number): boolean {
    return (this.#table.columnStamp[column] as number) > this.#seenBefore;
  }

  #matches(slot: number): boolean {
    return this.#filter === null || this.#filter(slot);
  }

  #isMember(slot: number): boolean {
    return this.#generation[slot] !== 0;
  }

  #remove(tableSlot: number, slot: number): void {
    this.#slotOf[tableSlot] = NOT_A_MEMBER;
    this.#generation[slot] = 0;
    this.#keys[slot] = '';
    this.#attributes[slot] = [];
    for (const base of this.#base) base[slot] = Number.NaN;
    this.#removed[this.#removedCount++] = slot;
    this.#free.push(slot);
    this.#size--;
  }

  #add(tableSlot: number): number {
    const slot = this.#free.pop() ?? this.#highWater++;
    this.#slotOf[tableSlot] = slot;
    this.#generation[slot] = this.#table.generation[tableSlot] as number;
    this.#tableSlot[slot] = tableSlot;
    this.#introduce(tableSlot, slot);
    this.#size++;
    return slot;
  }

  #introduce(tableSlot: number, slot: number): void {
    this.#keys[slot] = this.#table.keyOf(tableSlot);
    this.#attributes[slot] = this.#table.attributesOf(tableSlot);
    this.#added[this.#addedCount++] = slot;
  }

  #writeRows(sink: FrameSink, slots: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      sink.row(slot, this.#keys[slot] as string, this.#attributes[slot] as readonly string[]);
    }
  }

  /** Moves one column's baseline on and writes what differed. */
  #writeDifference(at: number, sinks: readonly FrameSink[]): void {
    const index = this.#columns[at] as number;
    // A row that comes in brings cells that were written before; otherwise an untouched column has nothing to say.
    if (this.#addedCount === 0 && !this.#isTouched(index)) return;
    const cells = this.#table.cells[index] as Float64Array;
    const base = this.#base[at] as Float64Array;
    const slots = this.#slots;
    const difference = this.#difference;
    let count = 0;
    for (let row = 0; row < this.#changedCount; row++) {
      const slot = this.#changed[row] as number;
      const now = cells[this.#tableSlot[slot] as number] as number;
      const before = base[slot] as number;
      if (now === before || (now !== now && before !== before)) continue;
      // From missing, the difference is from 0.
      difference[slot] = before === before ? now - before : now;
      base[slot] = now;
      slots[count++] = slot;
    }
    if (count === 0) return;
    if (sinks.length > 0) this.#writeColumn(at, count, base, sinks);
    for (let row = 0; row < count; row++) difference[slots[row] as number] = 0;
  }

  #writeColumn(at: number, count: number, base: Float64Array, sinks: readonly FrameSink[]): void {
    const same = count === this.#previousCount && equal(this.#slots, this.#previousSlots, count);
    // Two bytes a slot and at least one a value, against one a value for every row of the channel.
    const dense = !same && count * 3 >= this.#size;
    const written = dense ? this.#collectDense(base) : this.#collectSparse(base, count);
    for (const sink of sinks)
      this.#emit(at, sink, dense ? null : this.#slots, written, this.#values, this.#absolutes, same);
    if (dense) this.#previousCount = -1;
    else if (!same) {
      this.#previousSlots.set(this.#slots.subarray(0, count));
      this.#previousCount = count;
    }
  }

  #collectDense(base: Float64Array): number {
    let written = 0;
    for (let slot = 0; slot < this.#highWater; slot++) {
      if (!this.#isMember(slot)) continue;
      const fixed = base[slot] as number;
      // A row that did not change has difference 0, and one that is missing says so again.
      this.#values[written] = fixed === fixed ? (this.#difference[slot] as number) : Number.NaN;
      this.#absolutes[written++] = fixed;
    }
    return written;
  }

  #collectSparse(base: Float64Array, count: number): number {
    for (let row = 0; row < count; row++) {
      const slot = this.#slots[row] as number;
      this.#values[row] = this.#difference[slot] as number;
      this.#absolutes[row] = base[slot] as number;
    }
    return count;
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

  #makeRoom(tableSlots: number): void {
    if (this.#slotOf.length < tableSlots) {
      const larger = new Int32Array(roomFor(tableSlots)).fill(NOT_A_MEMBER);
      larger.set(this.#slotOf);
      this.#slotOf = larger;
    }
    const needed = this.#slotsWanted();
    if (this.#generation.length >= needed) return;
    const room = roomFor(needed);
    this.#generation = grownTo(this.#generation, new Uint32Array(room));
    this.#tableSlot = grownTo(this.#tableSlot, new Uint32Array(room));
    this.#changed = new Uint32Array(room);
    this.#removed = new Uint32Array(room);
    this.#added = new Uint32Array(room);
    this.#slots = new Uint32Array(room);
    this.#previousSlots = new Uint32Array(room);
    this.#difference = new Float64Array(room);
    this.#values = new Float64Array(room);
    this.#absolutes = new Float64Array(room);
    for (const [index, base] of this.#base.entries()) {
      this.#base[index] = grownTo(base, new Float64Array(room).fill(Number.NaN));
    }
  }

  /** Upper bound of channel slots after this advance: those in use and one for each row that may come in. */
  #slotsWanted(): number {
    const table = this.#table;
    let wanted = this.#highWater;
    for (let slot = 0; slot < table.highWater; slot++) {
      const isNew = (table.rowStamp[slot] as number) > this.#seen && this.#slotOf[slot] === NOT_A_MEMBER;
      if (isNew && table.isLive(slot) && this.#matches(slot)) wanted++;
    }
    return wanted;
  }
}

function equal(a: Uint32Array, b: Uint32Array, count: number): boolean {
  for (let index = 0; index < count; index++) if (a[index] !== b[index]) return false;
  return true;
}

function roomFor(count: number): number {
  let room = 16;
  while (room < count) room *= 2;
  return room;
}

function grownTo<A extends Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
