import { LogSplitter } from '@auralis/server/host/nvidia-smi-parser/splitter';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DOCUMENTS, document, logOf } from './fixtures.js';

const push = (splitter: LogSplitter, text: string) => splitter.push(Buffer.from(text));

/** `bytes`, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
}

test('however the reads fall, the same documents come out', () => {
  const garbage = [
    '\n',
    'Unable to determine the device handle for GPU 0000:0B:00.0: Gerät verloren\n',
    '</gpu>',
    '<nvidia_smi',
  ];
  const piece = fc.oneof(
    fc.constantFrom(...DOCUMENTS).map((name) => ({ text: document(name), log: logOf(name) })),
    // Broken off somewhere within; another document follows it, or nothing.
    fc.record({ name: fc.constantFrom(...DOCUMENTS), at: fc.nat(4000) }).map(({ name, at }) => ({
      text: document(name).slice(0, 200 + at),
      log: null,
    })),
    fc.constantFrom(...garbage).map((text) => ({ text, log: null })),
  );
  const pieces = fc.array(piece, { maxLength: 6 });
  const places = fc.array(fc.nat(), { maxLength: 60 });
  fc.assert(
    fc.property(pieces, places, (stream, cuts) => {
      const bytes = Buffer.from(stream.map(({ text }) => text).join(''));
      const splitter = new LogSplitter();
      const found = cut(bytes, cuts).flatMap((chunk) => splitter.push(chunk));
      expect(found).toEqual(stream.flatMap(({ log }) => (log === null ? [] : [log])));
    }),
    { seed: Number(process.env.SEED ?? 20_260_117), numRuns: 300 },
  );
});

test('two documents in one read, and the beginning of a third', () => {
  const splitter = new LogSplitter();
  const [first, second] = ['rtx-3090-pair-driver-470', 'h100-driver-575'] as const;
  const third = document('t4-driver-450');
  expect(push(splitter, document(first) + document(second) + third.slice(0, 999))).toEqual([
    logOf(first),
    logOf(second),
  ]);
  expect(push(splitter, third.slice(999))).toEqual([logOf('t4-driver-450')]);
});

test('byte by byte', () => {
  const splitter = new LogSplitter();
  const bytes = Buffer.from(document('t4-driver-450').repeat(2));
  const found = Array.from(bytes, (byte) => splitter.push(Uint8Array.of(byte))).flat();
  expect(found).toEqual([logOf('t4-driver-450'), logOf('t4-driver-450')]);
});

test('a character that falls between two reads stays whole', () => {
  const bytes = Buffer.from('<nvidia_smi_log><gpu><product_name>Größe</product_name></gpu></nvidia_smi_log>');
  const at = bytes.indexOf(Buffer.from('ö')) + 1;
  const splitter = new LogSplitter();
  splitter.push(bytes.subarray(0, at));
  expect(splitter.push(bytes.subarray(at))[0]).toContain('Größe');
});

describe('what is said outside of documents', () => {
  test('is kept for the log, without the prolog', () => {
    const splitter = new LogSplitter();
    push(splitter, '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n');
    push(splitter, 'NVIDIA-SMI has failed because');
    push(splitter, ' it couldn’t communicate with the driver.\nMake sure that it is running.\n');
    // The last few characters might still become the beginning of a document.
    expect(splitter.outside).toMatch(/^NVIDIA-SMI has failed because it couldn’t communicate with the driver/);
  });

  test('is forgotten when a document comes', () => {
    const splitter = new LogSplitter();
    push(splitter, 'a warning that is long enough to be kept\n');
    push(splitter, document('t4-driver-450'));
    expect(splitter.outside).toBe('');
  });

  test('is bounded', () => {
    const splitter = new LogSplitter();
    for (let line = 0; line < 1000; line++) push(splitter, `line ${line} of something else\n`);
    expect(splitter.outside.length).toBeLessThanOrEqual(500);
    expect(splitter.outside).toContain('line 998');
  });
});

test('a document without an end does not grow for ever, and the next one is read', () => {
  const splitter = new LogSplitter();
  push(splitter, '<nvidia_smi_log>');
  const megabyte = 'x'.repeat(1_000_000);
  for (let count = 0; count < 9; count++) push(splitter, megabyte);
  expect(push(splitter, '</nvidia_smi_log>')).toEqual([]);
  expect(push(splitter, document('t4-driver-450'))).toEqual([logOf('t4-driver-450')]);
});
