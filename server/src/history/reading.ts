import { type Column, readMsgpack, unpackValues, Writer } from '@auralis/shared';

const FIELDS_BEFORE_ROWS = 6;

/**
 * The reading of `column` in the row with this key, in the column's unit; null where it is missing or there is no
 * such row. `bytes` is what `SnapshotWriter` wrote. The rows are walked over and not decoded: to make objects of
 * 15,000 of them takes the loop 60 ms, to pass them 2 ms.
 */
export function readingIn(bytes: Uint8Array, key: string, column: Column): number | null {
  const walker = new Walker(bytes);
  walker.length();
  for (let field = 0; field < FIELDS_BEFORE_ROWS; field++) walker.skip();
  const wanted = encoded(key);
  let place = -1;
  for (let row = 0, rows = walker.length(); row < rows; row++) {
    walker.length();
    walker.skip();
    if (place < 0 && walker.isAt(wanted)) place = row;
    walker.skip();
    walker.skip();
  }
  if (place < 0) return null;
  const columns = readMsgpack(bytes.subarray(walker.at)) as [
    id: number,
    slots: null,
    type: number,
    values: Uint8Array,
  ][];
  const found = columns.find(([id]) => id === column.id);
  // A column of which nothing was known is left out.
  if (found === undefined) return null;
  const value = unpackValues(found[3], found[2])[place] as number;
  return Number.isNaN(value) ? null : value / 10 ** column.scale;
}

function encoded(key: string): Uint8Array {
  const writer = new Writer(64);
  writer.string(key);
  return writer.written();
}

/** Goes over MessagePack of our own, value by value: the types that `Writer` writes. */
class Walker {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAt(wanted: Uint8Array): boolean {
    for (let index = 0; index < wanted.length; index++) {
      if (this.#bytes[this.at + index] !== wanted[index]) return false;
    }
    return true;
  }

  /** Goes into an array, and says how many values it has. */
  length(): number {
    const code = this.#view.getUint8(this.at++);
    if (code >= 0x90 && code < 0xa0) return code & 0x0f;
    const width = code === 0xdc ? 2 : 4;
    if (code === 0xdc || code === 0xdd) {
      this.at += width;
      return width === 2 ? this.#view.getUint16(this.at - 2) : this.#view.getUint32(this.at - 4);
    }
    throw new Error(`history: 0x${code.toString(16)} at ${this.at - 1} is no array`);
  }

  /** Goes over one value. */
  skip(): void {
    const code = this.#view.getUint8(this.at);
    if (isArray(code)) {
      for (let left = this.length(); left > 0; left--) this.skip();
      return;
    }
    this.at++;
    if (code < 0x80 || code >= 0xe0 || code === 0xc0) return;
    if (code >= 0xa0 && code < 0xc0) this.at += code & 0x1f;
    else this.at += this.#sizeOf(code);
  }

  #sizeOf(code: number): number {
    switch (code) {
      case 0xcc:
      case 0xd0:
        return 1;
      case 0xcd:
      case 0xd1:
        return 2;
      case 0xce:
      case 0xd2:
        return 4;
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return 8;
      case 0xd9:
        return 1 + this.#view.getUint8(this.at);
      case 0xdb:
        return 4 + this.#view.getUint32(this.at);
      default:
        throw new Error(`history: 0x${code.toString(16)} at ${this.at - 1} is not written`);
    }
  }
}

const isArray = (code: number) => (code >= 0x90 && code < 0xa0) || code === 0xdc || code === 0xdd;
