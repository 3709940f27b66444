import { BitPacker, unpackBits } from '@auralis/shared/bit-packing';
import { readMsgpack } from '@auralis/shared/msgpack/reader';
import { Writer } from '@auralis/shared/msgpack/writer';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

const packer = new BitPacker();

/** The values after a way there and back, or null where packing is not worth while. */
function roundTrip(values: readonly number[], bytes: number): { size: number; values: number[] } | null {
  const given = Float64Array.from(values);
  if (!packer.fits(given, given.length, bytes)) return null;
  const writer = new Writer();
  packer.write(writer, given, given.length);
  const packed = readMsgpack(writer.copy()) as Uint8Array;
  return { size: packed.length, values: [...unpackBits(packed)].slice(0, given.length) };
}

const near = (least: number, range: number) =>
  fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: range }) }, fc.constant(Number.NaN)), {
      minLength: 1,
      maxLength: 120,
      size: 'max',
    })
    .map((values) => values.map((value) => value + least));
const values = fc
  .tuple(fc.constantFrom(0, -3, 40_000, -(2 ** 40), 2 ** 51), fc.integer({ min: 0, max: 17 }))
  .chain(([least, bits]) => near(least, 2 ** bits));

test('property: what is packed comes back, and is a quarter smaller at least', () => {
  let packed = 0;
  fc.assert(
    fc.property(values, fc.constantFrom(1, 2, 4, 8), (given, bytes) => {
      const result = roundTrip(given, bytes);
      if (result === null) return;
      packed++;
      expect(result.values).toEqual(given);
      expect(result.size).toBeLessThanOrEqual(Math.ceil(0.75 * given.length * bytes));
    }),
    { seed: 8, numRuns: 3_000 },
  );
  expect(packed).toBeGreaterThan(500);
});

test('what would not become smaller is left alone', () => {
  const few = Array.from({ length: 15 }, () => 5);
  expect(roundTrip(few, 8)).toBeNull();
  expect(
    roundTrip(
      Array.from({ length: 100 }, () => Number.NaN),
      8,
    ),
  ).toBeNull();
  const wide = Array.from({ length: 100 }, (_, at) => at * 1.27 - 63);
  expect(roundTrip(wide.map(Math.round), 1)).toBeNull();
  // The largest code of a width is missing, so a range of 3 takes three bits.
  expect(
    roundTrip(
      Array.from({ length: 80 }, (_, at) => at % 3),
      1,
    )?.size,
  ).toBe(9 + 20);
  expect(
    roundTrip(
      Array.from({ length: 80 }, (_, at) => at % 4),
      1,
    )?.size,
  ).toBe(9 + 30);
});
