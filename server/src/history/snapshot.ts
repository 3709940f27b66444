import { type Column, MsgpackFrameSink, OP, type SinkColumn, type Table } from '@auralis/shared';

/** A row with its texts takes 0.4 µs, a column of so many rows less. */
const ROWS_A_STEP = 2_000;

/**
 * Writes tables as SNAPSHOTs of the live protocol, from their cells. A `FrameBuilder` would keep a second copy of
 * every table as baseline, which history does not need. Slots are the table's own.
 */
export class SnapshotWriter {
  readonly #source: string;
  readonly #sink = new MsgpackFrameSink();
  #slots = new Uint32Array(16);
  #generations = new Uint32Array(16);
  #values = new Float64Array(16);

  /** `source`: hub and boot, as in the live protocol. */
  constructor(source: string) {
    this.#source = source;
  }

  /**
   * Write the rows of a table, step by step, and return the bytes. `t`: wall time, ms. A row that goes between two
   * steps has no readings in the columns of later steps.
   */
  *steps(table: Table, columns: readonly Column[], t: number): Generator<void, Uint8Array> {
    const sink = this.#sink;
    if (this.#slots.length < table.size) {
      this.#slots = new Uint32Array(table.size * 2);
      this.#generations = new Uint32Array(table.size * 2);
      this.#values = new Float64Array(table.size * 2);
    }
    const slots = this.#slots;
    let count = 0;
    for (let slot = 0; slot < table.highWater; slot++) {
      if (!table.isLive(slot)) continue;
      this.#generations[count] = table.generation[slot] as number;
      slots[count++] = slot;
    }
    const names = Array.from(
      slots.subarray(0, count),
      (slot) => [table.keyOf(slot), table.attributesOf(slot)] as const,
    );
    sink.begin({ opcode: OP.SNAPSHOT, channel: 0, source: this.#source, seq: 0, t, total: count });
    sink.rows(count);
    for (let row = 0; row < count; row++) {
      const [key, attributes] = names[row] as (typeof names)[number];
      sink.row(slots[row] as number, key, attributes);
      if ((row + 1) % ROWS_A_STEP === 0) yield;
    }
    for (const column of columns) {
      this.#writeColumn(table, column, count);
      if (count > ROWS_A_STEP) yield;
    }
    sink.end();
    return sink.writer.copy();
  }

  #writeColumn(table: Table, { id, scale, index }: Column, count: number): void {
    const cells = table.cells[index] as Float64Array;
    const slots = this.#slots;
    const values = this.#values;
    let known = 0;
    let most = 0;
    for (let row = 0; row < count; row++) {
      const slot = slots[row] as number;
      const fixed = table.generation[slot] === this.#generations[row] ? (cells[slot] as number) : Number.NaN;
      values[row] = fixed;
      if (fixed !== fixed) continue;
      known++;
      most = Math.max(most, Math.abs(fixed));
    }
    // A column of which nothing is known is left out, as in every snapshot.
    if (known === 0) return;
    const column: SinkColumn = {
      id,
      scale,
      slots: null,
      sameSlots: false,
      count,
      most,
      bytes: null,
      values,
      absolutes: values,
    };
    this.#sink.column(column);
  }
}
