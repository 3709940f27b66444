import { FrameScanner } from '@auralis/server/transport/frame-scanner';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly length: number;
  readonly isMasked: boolean;
}

function bytesOf({ opcode, final, length, isMasked }: Frame): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const head = [(final ? 0x80 : 0) | opcode];
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(isMasked ? 4 : 0, 0xff), Buffer.alloc(length, 0x81)]);
}

const control = fc.record({
  opcode: fc.constantFrom(8, 9, 10),
  final: fc.constant(true),
  length: fc.nat(125),
  isMasked: fc.boolean(),
});
const data = fc.record({
  opcode: fc.constantFrom(0, 1, 2),
  final: fc.boolean(),
  length: fc.oneof(fc.nat(200), fc.constantFrom(0, 125, 126, 65_535, 65_536, 70_000)),
  isMasked: fc.boolean(),
});

test('sees every frame with its bytes, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(control, data), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 9_000 })),
      (frames, cuts) => {
        const seen: unknown[] = [];
        const scanner = new FrameScanner((bytes, isControl) => seen.push([bytes, isControl]));
        const all = Buffer.concat(frames.map(bytesOf));
        let at = 0;
        for (let turn = 0; at < all.length; turn++) {
          const size = cuts.length === 0 ? 1 : (cuts[turn % cuts.length] as number);
          scanner.push(all.subarray(at, at + size));
          at += size;
        }
        expect(seen).toEqual(frames.map((frame) => [bytesOf(frame).length, frame.opcode >= 8]));
        const messages = frames.filter(({ opcode }) => opcode < 8);
        expect(scanner.messages).toBe(messages.filter(({ final }) => final).length);
        expect(scanner.isMidMessage).toBe(messages.at(-1)?.final === false);
      },
    ),
  );
});

test('knows that a message has begun from its first byte on, and until its last', () => {
  const scanner = new FrameScanner(() => {});
  const frame = bytesOf({ opcode: 2, final: true, length: 3, isMasked: true });
  for (const byte of frame.subarray(0, -1)) {
    scanner.push(Uint8Array.of(byte));
    expect(scanner.isMidMessage).toBe(true);
  }
  scanner.push(frame.subarray(-1));
  expect([scanner.isMidMessage, scanner.messages]).toEqual([false, 1]);
});
