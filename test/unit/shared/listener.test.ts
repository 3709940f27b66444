import { SCHEMAS } from '@auralis/shared/catalogue';
import {
  PLAYBACK_STATES,
  readChunk,
  readPublishedChunk,
  writeChunk,
  writePublishedChunk,
} from '@auralis/shared/listener';
import { MsgpackError } from '@auralis/shared/msgpack/reader';
import { Writer } from '@auralis/shared/msgpack/writer';
import { describe, expect, test } from '@jest/globals';
import { decode, encode } from '@msgpack/msgpack';
import fc from 'fast-check';

const seed = Number(process.env.SEED ?? 20_260_103);
const writer = new Writer();
const sizes = [0, 1, 255, 256, 65_535, 65_536];
const chunk = (size: number) => ({
  seq: 0xffff_fffe,
  sentAtMs: 1_700_000_000_000.125,
  durationMs: 99.5,
  payload: Uint8Array.from({ length: size }, (_, index) => index),
});

describe('a chunk', () => {
  test.each(sizes)('of %d bytes is read as it was written, by us and by a library', (size) => {
    const given = chunk(size);
    const bytes = writeChunk(writer, given).slice();
    expect(readChunk(bytes)).toEqual(given);
    expect(decode(bytes)).toEqual([given.seq, given.sentAtMs, given.durationMs, given.payload]);
  });

  test('is read from the middle of a larger buffer, and its payload is a view', () => {
    const bytes = writeChunk(writer, chunk(5));
    const larger = new Uint8Array(100);
    larger.set(bytes, 7);
    const read = readChunk(larger.subarray(7, 7 + bytes.length));
    expect(read).toEqual(chunk(5));
    expect(read?.payload.buffer).toBe(larger.buffer);
  });

  test('survives any numbers', () => {
    const numbers = fc.record({
      seq: fc.integer({ min: 0, max: 0xffff_ffff }),
      sentAtMs: fc.double(),
      durationMs: fc.double(),
      payload: fc.uint8Array(),
    });
    fc.assert(
      fc.property(numbers, (given) => {
        expect(readChunk(writeChunk(writer, given))).toEqual(given);
      }),
      { seed },
    );
  });

  test('is not read from what was cut short or has something behind it', () => {
    for (const size of [0, 3, 256, 65_536]) {
      const bytes = writeChunk(writer, chunk(size)).slice();
      for (let length = 0; length < Math.min(bytes.length, 300); length++)
        expect(readChunk(bytes.subarray(0, length))).toBeNull();
      expect(readChunk(bytes.subarray(0, bytes.length - 1))).toBeNull();
      expect(readChunk(Uint8Array.from([...bytes, 0]))).toBeNull();
    }
  });

  test('is not read from another message', () => {
    const others = [
      encode({ type: 'welcome' }),
      encode([1, 2, 3, Uint8Array.of(1)]),
      encode([2 ** 31, 'a long text in the second place', 1.5, Uint8Array.of(1)]),
      encode([2 ** 31, 1.5, 1.5, 'text']),
    ];
    for (const bytes of others) expect(readChunk(bytes)).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect(readChunk(noise)).toBeNull();
        expect(readChunk(Uint8Array.from([0x94, 0xce, ...noise]))).toBeNull();
      }),
      { seed, numRuns: 2_000 },
    );
  });
});

describe('a published chunk', () => {
  test.each(sizes)('of %d bytes is read as it was written', (size) => {
    const { durationMs, payload } = chunk(size);
    for (const given of [
      { durationMs, payload },
      { durationMs: 100, payload },
    ])
      expect(readPublishedChunk(writePublishedChunk(writer, given))).toEqual(given);
  });

  test('is read from any library, whatever width it gives a number', () => {
    expect(readPublishedChunk(encode([100, Uint8Array.of(1, 2)]))).toEqual({
      durationMs: 100,
      payload: Uint8Array.of(1, 2),
    });
    expect(readPublishedChunk(encode([0.5, Uint8Array.of()], { forceFloat32: true }))?.durationMs).toBe(0.5);
  });

  test('is null of another shape, and an error where it is no MessagePack', () => {
    for (const other of [[], [1], ['1', Uint8Array.of()], [1, 'text'], [1, [1]], 7, null, {}])
      expect(readPublishedChunk(encode(other))).toBeNull();
    // Additions of a later version at the end are ignored.
    expect(readPublishedChunk(encode([1, Uint8Array.of(7), 2]))).toEqual({ durationMs: 1, payload: Uint8Array.of(7) });
    expect(() => readPublishedChunk(Uint8Array.of(0xc1))).toThrow(MsgpackError);
    expect(() => readPublishedChunk(encode([1, [[[1]]]]))).toThrow(MsgpackError);
  });
});

test('playback states are the labels of their column', () => {
  const { columns, index } = SCHEMAS.connections;
  expect(columns[index.playback_state]?.labels).toEqual(PLAYBACK_STATES);
});
