import { Refusal } from '@auralis/server/check/refusal';
import { readFastPackedReport } from '@auralis/server/ingest/fast-packed-report';
import { readFastReport } from '@auralis/server/ingest/fast-report';
import { load } from '@auralis/server/ingest/message-bytes';
import { REPORT_FIELDS } from '@auralis/server/ingest/report';
import { readMsgpack, Writer } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { both, fast, general, message, outcome } from './world.js';

test('what the SDK sends is read by the fast path', () => {
  const metrics = Object.fromEntries(
    REPORT_FIELDS.map(({ name, kind }, at) => [
      name,
      kind === 'flag' ? true : kind === 'playback' ? 'playing' : at * 1.5 * 2,
    ]),
  );
  for (const fields of [metrics, { ...metrics, avgLatencyMs: null, hidden: null, sentAt: 1_764_000_000_123.456 }]) {
    const result = both(JSON.stringify({ type: 'client_metrics', metrics: fields }));
    expect(result).not.toBeNull();
    expect(result?.quick).toEqual(result?.slow);
  }
  expect(both(message(''))?.quick).toEqual(both(message(''))?.slow);
});

test('fields in another order are read by it too; one that is there twice is not', () => {
  const backwards = message('"sentAt":5,"hidden":true,"playbackState":"idle","lastSeq":9,"chunksReceived":4');
  expect(both(backwards)?.quick).toEqual(both(backwards)?.slow);
  expect(both(message('"lastSeq":1,"lastSeq":2'))).toBeNull();
  expect(both(message('"lastSeq":1,"hidden":true,"lastSeq":2'))).toBeNull();
});

const number = fc.oneof(
  fc.double(),
  fc.double({ min: -1e6, max: 1e6 }),
  fc.integer(),
  fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 1e4),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 53 - 1, 1e21, 1e-7, 0.1, 86_400_000, 86_400_001, 2 ** 42),
);
const value = fc.oneof(
  { weight: 8, arbitrary: number.map((found) => JSON.stringify(found)) },
  fc.constantFrom(
    'null',
    'true',
    'false',
    '"playing"',
    '"stalled"',
    '"dancing"',
    '""',
    '[]',
    '{}',
    '01',
    '-',
    '1.',
    '.5',
    '-0',
    '1e3',
    '1E-2',
    '00',
    '+1',
  ),
  fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?$/),
);
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...REPORT_FIELDS.map((field) => field.name)) },
  fc.constant('volume'),
);

describe('property: wherever the fast path takes a text, the general one makes the same of it', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  test('fields in any order, values of any kind', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { maxLength: 6, selector: ([field]) => field }),
        fc.boolean(),
        (fields, sorted) => {
          const order = new Map(REPORT_FIELDS.map((field, at) => [field.name, at]));
          const list = sorted ? fields.toSorted(([a], [b]) => (order.get(a) ?? 99) - (order.get(b) ?? 99)) : fields;
          const text = message(list.map(([field, found]) => `"${field}":${found}`).join(','));
          const result = isJson(text) ? both(text) : null;
          // What is no JSON is never taken, nor refused for anything but that.
          if (!isJson(text)) {
            try {
              expect(readFastReport(load(Buffer.from(text)), fast)).toBe(false);
            } catch (error) {
              // A bad value may stand before what is no JSON: refused either way.
              expect(error).toBeInstanceOf(Refusal);
            }
          }
          if (result === null) return;
          taken++;
          expect(result.quick).toEqual(result.slow);
        },
      ),
      { seed: 5, numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(5_000);
  });

  test('texts that were cut or changed by a byte', () => {
    const whole = message(
      '"chunksReceived":12,"chunkErrors":0,"avgLatencyMs":45.26,"lastSeq":99,"playbackState":"playing","hidden":false',
    );
    for (let at = 0; at < whole.length; at++) {
      expect(readFastReport(load(Buffer.from(whole.slice(0, at))), fast)).toBe(false);
      for (const byte of ['"', '0', '}', ' ', ',', 'x']) {
        const text = whole.slice(0, at) + byte + whole.slice(at + 1);
        if (!isJson(text)) continue;
        const result = both(text);
        if (result !== null) expect(result.quick).toEqual(result.slow);
      }
    }
  });
});

describe('MessagePack', () => {
  function packed(value: unknown): Uint8Array {
    const writer = new Writer();
    writer.value(value);
    return writer.copy();
  }

  /** As `both`, of bytes. */
  function bothPacked(bytes: Uint8Array): { quick: unknown; slow: unknown } | null {
    let taken = false;
    const quick = outcome(() => {
      taken = true;
      taken = readFastPackedReport(load(bytes), fast);
    }, fast);
    if (!taken) return null;
    const { metrics } = readMsgpack(bytes) as { metrics: unknown };
    return { quick, slow: outcome(() => general.read(metrics), general) };
  }

  const whole = {
    chunksReceived: 70_000,
    chunkErrors: 300,
    bufferUnderruns: 200,
    avgLatencyMs: 45.26,
    errorRate: null,
    lastSeq: 99,
    clockOffsetMs: -40_000,
    clockErrorMs: -5,
    playbackState: 'playing',
    hidden: false,
    sentAt: 1_764_000_000_123.456,
  };

  test('what the SDK would send is read by the fast path', () => {
    for (const metrics of [whole, { ...whole, hidden: null, jitterMs: -300, rttMs: -100 }, {}]) {
      const inOrder = Object.fromEntries(
        REPORT_FIELDS.flatMap(({ name }) => (name in metrics ? [[name, metrics[name as never]]] : [])),
      );
      const result = bothPacked(packed({ type: 'client_metrics', metrics: inOrder }));
      expect(result).not.toBeNull();
      expect(result?.quick).toEqual(result?.slow);
    }
  });

  const packedValue = fc.oneof(
    { weight: 8, arbitrary: number },
    fc.constantFrom(null, true, false, 'playing', 'stalled', 'dancing', '', [], {}),
    fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
  );

  test('property: fields in any order, values of any kind: both make the same of it', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, packedValue), { maxLength: 17, selector: ([field]) => field }),
        fc.boolean(),
        (fields, sorted) => {
          const order = new Map(REPORT_FIELDS.map((field, at) => [field.name, at]));
          const list = sorted ? fields.toSorted(([a], [b]) => (order.get(a) ?? 99) - (order.get(b) ?? 99)) : fields;
          const result = bothPacked(packed({ type: 'client_metrics', metrics: Object.fromEntries(list) }));
          if (result === null) return;
          taken++;
          expect(result.quick).toEqual(result.slow);
        },
      ),
      { seed: 6, numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(5_000);
  });

  test('messages that were cut or changed by a byte: taken only where both make the same of it', () => {
    const bytes = packed({ type: 'client_metrics', metrics: whole });
    for (let at = 0; at < bytes.length; at++) {
      // After a whole one, whose end still lies in the buffer.
      readFastPackedReport(load(bytes), fast);
      expect(readFastPackedReport(load(bytes.subarray(0, at)), fast)).toBe(false);
      for (let byte = 0; byte < 256; byte++) {
        const changed = bytes.slice();
        changed[at] = byte;
        let slow: unknown;
        try {
          slow = outcome(() => general.read((readMsgpack(changed) as { metrics: unknown }).metrics), general);
        } catch {
          // Not MessagePack at all: never taken, though a bad value before the fault may be what is refused.
          const quick = outcome(() => expect(readFastPackedReport(load(changed), fast)).toBe(false), fast);
          if (Array.isArray(quick)) expect(quick[0]).toBe('bad_value');
          continue;
        }
        const result = bothPacked(changed);
        if (result !== null) expect(result.quick).toEqual(slow);
      }
    }
  });
});
