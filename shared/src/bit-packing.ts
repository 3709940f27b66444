/**
 * Numbers that lie close together, as their distance from the least in as few bits as that takes: what rows count in
 * step differs by little, however large it is. PROTOCOL.md, "Packed columns", type 8.
 */
import type { Writer } from './msgpack/writer.js';

/** The least of the values, a float64, and a byte that says how many bits a code has. */
const HEAD_BYTES = 9;
/** A code and what waits of those before it, 15 bits at most, fit into an integer of 32 bits. */
const MAX_WIDTH = 16;
/** Fewer values are not worth the head. */
const MIN_COUNT = 16;
/** Bits must save a quarter to be worth the work. */
const WORTH = 0.75;

/** Finds whether values are worth packing, and packs them. */
export class BitPacker {
  #least = 0;
  #width = 0;

  /** Would packing `values` make the column a quarter smaller than `bytes` a value? NaN is missing. */
  fits(values: ArrayLike<number>, count: number, bytes: number): boolean {
    if (count < MIN_COUNT) return false;
    const widest = 2 ** Math.min(8 * bytes * WORTH, MAX_WIDTH) - 2;
    let least = values[0] as number;
    let most = least;
    for (let index = 1; index < count; index++) {
      const value = values[index] as number;
      // A comparison with NaN is false, so the first number takes its place.
      if (!(value >= least) && value === value) least = value;
      if (!(value <= most) && value === value) most = value;
      // Most columns wander more widely, and show it after a few values.
      if (most - least > widest) return false;
    }
    if (least !== least) return false;
    this.#least = least;
    // All ones is missing, and so no distance.
    this.#width = 32 - Math.clz32(most - least + 1);
    return HEAD_BYTES + (count * this.#width) / 8 <= WORTH * count * bytes;
  }

  /** Writes the values that `fits` has just looked at as a `bin`. */
  write(writer: Writer, values: ArrayLike<number>, count: number): void {
    const width = this.#width;
    const least = this.#least;
    const missing = 2 ** width - 1;
    let at = writer.binaryHeader(HEAD_BYTES + Math.ceil((count * width) / 8));
    const { view, bytes } = writer;
    view.setFloat64(at, least, true);
    bytes[at + 8] = width;
    at += HEAD_BYTES;
    let waiting = 0;
    let bits = 0;
    for (let index = 0; index < count; index++) {
      const value = values[index] as number;
      waiting |= (value === value ? value - least : missing) << bits;
      bits += width;
      if (bits < 16) continue;
      view.setUint16(at, waiting, true);
      at += 2;
      waiting >>>= 16;
      bits -= 16;
    }
    for (; bits > 0; bits -= 8) {
      bytes[at++] = waiting;
      waiting >>>= 8;
    }
  }
}

/**
 * Read the output of `BitPacker`. Bits that fill the last byte may look like further values, so `count` says how many
 * there are.
 */
export function unpackBits(packed: Uint8Array): Float64Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const least = view.getFloat64(0, true);
  const width = view.getUint8(8);
  const missing = 2 ** width - 1;
  const values = new Float64Array(Math.floor(((packed.length - HEAD_BYTES) * 8) / width));
  let at = HEAD_BYTES;
  let waiting = 0;
  let bits = 0;
  for (let index = 0; index < values.length; index++) {
    for (; bits < width; bits += 8) waiting |= (packed[at++] as number) << bits;
    const code = waiting & missing;
    values[index] = code === missing ? Number.NaN : least + code;
    waiting >>>= width;
    bits -= width;
  }
  return values;
}
