import { BitPacker } from './bit-packing.js';
import { OP } from './codes.js';
import { Writer } from './msgpack/writer.js';

/** A frame's fixed part. `total`: rows that match, before a view's offset and limit. */
export interface FrameHeader {
  readonly opcode: typeof OP.SNAPSHOT | typeof OP.DELTA;
  readonly channel: number;
  readonly source: string;
  readonly seq: number;
  readonly t: number;
  readonly total: number;
}

/**
 * Takes a frame piece by piece and makes it bytes or text. Called in this order: `begin`, `removed` (deltas only),
 * `rows` and as many `row`, any number of `column`, `end`.
 */
export interface FrameSink {
  begin(header: FrameHeader): void;
  removed(slots: Uint32Array, count: number): void;
  rows(count: number): void;
  row(slot: number, key: string, attributes: readonly string[]): void;
  column(column: SinkColumn): void;
  end(): void;
}

/** One column of a frame; scratch that the sink may read only during the call. */
export interface SinkColumn {
  id: number;
  scale: number;
  /** null: every live slot, ascending. */
  slots: Uint32Array | null;
  /** The same slots as the column before. */
  sameSlots: boolean;
  count: number;
  /** Largest magnitude in `values`. */
  most: number;
  /** `values` as int8, where they lie ready like that; `values` is then of no meaning. */
  bytes: Int8Array | null;
  /**
   * Fixed-point integers as MessagePack carries them: absolute in a snapshot, differences in a delta; NaN is missing.
   */
  values: Float64Array;
  /** Fixed-point integers, always absolute; NaN is missing. */
  absolutes: Float64Array;
}

/** Values of `type` in the third place of a MessagePack column: how wide a value is, or BITS, plus `WIDE_SLOTS`. */
export const VALUE_TYPE = { INT8: 0, INT16: 1, INT32: 2, FLOAT64: 3, BITS: 8 } as const;
/** Beyond this a value takes more than a byte. */
export const MAX_INT8 = 0x7f;
/** Added to `type` where slots are uint32 instead of uint16. */
export const WIDE_SLOTS = 4;

/** MessagePack: see PROTOCOL.md, "Packed columns". */
export class MsgpackFrameSink implements FrameSink {
  readonly writer = new Writer(4096);
  readonly #packer = new BitPacker();
  #columnsAt = 0;
  #columns = 0;

  begin(header: FrameHeader): void {
    const { writer } = this;
    writer.reset();
    writer.array(header.opcode === OP.SNAPSHOT ? 8 : 9);
    writer.byte(header.opcode);
    writer.uint32(header.channel);
    writer.string(header.source);
    writer.number(header.seq);
    writer.float64(header.t);
    writer.number(header.total);
  }

  removed(slots: Uint32Array, count: number): void {
    this.writer.array(count);
    for (let index = 0; index < count; index++) this.writer.number(slots[index] as number);
  }

  rows(count: number): void {
    this.writer.array(count);
    if (count === 0) this.#beginColumns();
    else this.#rowsLeft = count;
  }
  #rowsLeft = 0;

  row(slot: number, key: string, attributes: readonly string[]): void {
    const { writer } = this;
    writer.array(3);
    writer.number(slot);
    writer.string(key);
    writer.array(attributes.length);
    for (const attribute of attributes) writer.string(attribute);
    if (--this.#rowsLeft === 0) this.#beginColumns();
  }

  column(column: SinkColumn): void {
    const { writer } = this;
    this.#columns++;
    writer.array(4);
    writer.number(column.id);
    const wide = column.slots !== null && widest(column.slots, column.count) > 0xffff;
    if (column.slots === null) writer.nil();
    else if (column.sameSlots) writer.bool(true);
    else packSlots(writer, column.slots, column.count, wide);
    const narrow = narrowest(column.most);
    const values = column.bytes ?? column.values;
    const type = this.#packer.fits(values, column.count, 1 << narrow) ? VALUE_TYPE.BITS : narrow;
    writer.byte(wide ? type + WIDE_SLOTS : type);
    if (type === VALUE_TYPE.BITS) this.#packer.write(writer, values, column.count);
    else if (column.bytes === null) packValues(writer, column.values, column.count, type);
    else writer.binary(column.bytes.subarray(0, column.count));
  }

  end(): void {
    this.writer.patchArray32(this.#columnsAt, this.#columns);
  }

  #beginColumns(): void {
    this.#columnsAt = this.writer.array32();
    this.#columns = 0;
  }
}

/** JSON: the same arrays, values absolute decimals, `type` null. */
export class JsonFrameSink implements FrameSink {
  /** The frame's text, after `end`. */
  text = '';
  #head: unknown[] = [];
  #rows: unknown[] = [];
  #columns: unknown[] = [];

  begin(header: FrameHeader): void {
    this.#head = [header.opcode, header.channel, header.source, header.seq, header.t, header.total];
  }

  removed(slots: Uint32Array, count: number): void {
    this.#head.push(Array.from(slots.subarray(0, count)));
  }

  rows(): void {
    this.#rows = [];
    this.#columns = [];
  }

  row(slot: number, key: string, attributes: readonly string[]): void {
    this.#rows.push([slot, key, attributes]);
  }

  column(column: SinkColumn): void {
    const slots = column.slots === null ? null : Array.from(column.slots.subarray(0, column.count));
    const factor = 10 ** column.scale;
    // JSON.stringify turns NaN into null, which is how the protocol spells missing.
    const values = Array.from(column.absolutes.subarray(0, column.count), (fixed) => fixed / factor);
    this.#columns.push([column.id, slots, null, values]);
  }

  end(): void {
    this.text = JSON.stringify([...this.#head, this.#rows, this.#columns]);
  }
}

function widest(slots: Uint32Array, count: number): number {
  let most = 0;
  for (let index = 0; index < count; index++) most = Math.max(most, slots[index] as number);
  return most;
}

function packSlots(writer: Writer, slots: Uint32Array, count: number, wide: boolean): void {
  let at = writer.binaryHeader(count * (wide ? 4 : 2));
  const { view } = writer;
  for (let index = 0; index < count; index++) {
    if (wide) view.setUint32(at, slots[index] as number, true);
    else view.setUint16(at, slots[index] as number, true);
    at += wide ? 4 : 2;
  }
}

/**
 * The narrowest type that holds values up to this magnitude; its minimum is kept for "missing" and so is no value.
 */
function narrowest(most: number): number {
  if (most <= MAX_INT8) return VALUE_TYPE.INT8;
  if (most <= 0x7fff) return VALUE_TYPE.INT16;
  return most <= 0x7fff_ffff ? VALUE_TYPE.INT32 : VALUE_TYPE.FLOAT64;
}

function packValues(writer: Writer, values: Float64Array, count: number, type: number): void {
  const at = writer.binaryHeader(count << type);
  const { view, bytes } = writer;
  switch (type) {
    case VALUE_TYPE.INT8:
      for (let index = 0; index < count; index++) {
        const value = values[index] as number;
        bytes[at + index] = value === value ? value : -0x80;
      }
      break;
    case VALUE_TYPE.INT16:
      for (let index = 0; index < count; index++) {
        const value = values[index] as number;
        view.setInt16(at + index * 2, value === value ? value : -0x8000, true);
      }
      break;
    case VALUE_TYPE.INT32:
      for (let index = 0; index < count; index++) {
        const value = values[index] as number;
        view.setInt32(at + index * 4, value === value ? value : -0x8000_0000, true);
      }
      break;
    default:
      for (let index = 0; index < count; index++) view.setFloat64(at + index * 8, values[index] as number, true);
  }
}
