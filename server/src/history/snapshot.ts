import { type Column, MsgpackFrameSink, OP, type SinkColumn, type Table } from '@auralis/shared';

/**
 * Writes tables as SNAPSHOTs of the live protocol, straight from their cells: a `FrameBuilder` would keep a second copy of
 * every table as its baseline, for deltas that history has no use for. Slots are the table's own.
 */
export class SnapshotWriter {
  readonly #source: string;
  readonly #sink = new MsgpackFrameSink();
  #slots = new Uint32Array(16);
  #values = new Float64Array(16);

  /** `source`: hub and boot, as in the live protocol. */
  constructor(source: string) {
    this.#source = source;
  }

  /** The table's rows at `t`, in bytes of their own. */
  write(table: Table, columns: readonly Column[], t: number): Uint8Array {
    const sink = this.#sink;
    if (this.#slots.length < table.size) {
      this.#slots = new Uint32Array(table.size * 2);
      this.#values = new Float64Array(table.size * 2);
    }
    const slots = this.#slots;
    let count = 0;
    for (let slot = 0; slot < table.highWater; slot++) if (table.isLive(slot)) slots[count++] = slot;
    sink.begin({ opcode: OP.SNAPSHOT, channel: 0, source: this.#source, seq: 0, t, total: count });
    sink.rows(count);
    for (let row = 0; row < count; row++) {
      const slot = slots[row] as number;
      sink.row(slot, table.keyOf(slot), table.attributesOf(slot));
    }
    for (const column of columns) this.#writeColumn(table, column, count);
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
      const fixed = cells[slots[row] as number] as number;
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
