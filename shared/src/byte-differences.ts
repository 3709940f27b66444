import { MAX_INT8 } from './frame-sink.js';

/** Result of `byteDifferences` for a column that bytes cannot carry. */
export const NOT_BYTES = -1;

/**
 * Rows after which it is looked whether bytes suffice so far: most columns that they do not suffice for show it at
 * once.
 */
const LOOK_EVERY = 32;

/**
 * Write `cells[slot] − base[slot]` of the first `size` slots to `bytes`, and return how many are not 0. Return
 * NOT_BYTES if one is beyond ±127, or a cell is or was missing (NaN). Two cells a step without branches: 1.6 µs for
 * 1,000 cells, where a second pass would take 3.5.
 */
export function byteDifferences(cells: Float64Array, base: Float64Array, size: number, bytes: Int8Array): number {
  let count = 0;
  // All magnitudes, one over the other; and what the conversion to integers lost: not 0 where a difference was none
  // of 32 bits, NaN where a cell was missing.
  let bits = 0;
  let lost = 0;
  let lostOdd = 0;
  const even = size - (size % 2);
  for (let from = 0; from < even; from += LOOK_EVERY) {
    const to = Math.min(from + LOOK_EVERY, even);
    for (let slot = from; slot < to; slot += 2) {
      const moved = (cells[slot] as number) - (base[slot] as number);
      const movedOdd = (cells[slot + 1] as number) - (base[slot + 1] as number);
      const whole = moved | 0;
      const wholeOdd = movedOdd | 0;
      lost += Math.abs(moved - whole);
      lostOdd += Math.abs(movedOdd - wholeOdd);
      bits |= Math.abs(whole) | Math.abs(wholeOdd);
      bytes[slot] = whole;
      bytes[slot + 1] = wholeOdd;
      count += ((whole | -whole) >>> 31) + ((wholeOdd | -wholeOdd) >>> 31);
    }
    if (!areBytes(lost + lostOdd, bits)) return NOT_BYTES;
  }
  if (size % 2 === 1) {
    const moved = (cells[size - 1] as number) - (base[size - 1] as number);
    const whole = moved | 0;
    lost += Math.abs(moved - whole);
    bits |= Math.abs(whole);
    bytes[size - 1] = whole;
    count += (whole | -whole) >>> 31;
  }
  return areBytes(lost, bits) ? count : NOT_BYTES;
}

const areBytes = (lost: number, bits: number) => lost === 0 && bits >= 0 && bits <= MAX_INT8;
