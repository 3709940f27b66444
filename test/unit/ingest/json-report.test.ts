import { Refusal } from '@auralis/server/check/refusal';
import { readJsonReport } from '@auralis/server/ingest/json-report';
import { REPORT_FIELDS } from '@auralis/server/ingest/report';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { both, fast, message } from './world.js';

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
          // Text that is not JSON is never taken, nor refused for anything but that.
          if (!isJson(text)) {
            try {
              expect(readJsonReport(Buffer.from(text), fast)).toBe(false);
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
      expect(readJsonReport(Buffer.from(whole.slice(0, at)), fast)).toBe(false);
      for (const byte of ['"', '0', '}', ' ', ',', 'x']) {
        const text = whole.slice(0, at) + byte + whole.slice(at + 1);
        if (!isJson(text)) continue;
        const result = both(text);
        if (result !== null) expect(result.quick).toEqual(result.slow);
      }
    }
  });
});

describe('numbers', () => {
  const wholes = Array.from({ length: 17 }, (_, length) => '9876543210123456'.slice(0, length));
  const decimals = ['', ...wholes.map((digits) => `.${digits}`)];

  test('so many digits before and behind the dot: read, and as JSON.parse reads them', () => {
    for (const whole of ['0', '5', '10', '1000', '99999999', ...wholes.slice(1)]) {
      for (const part of decimals.filter((digits) => digits !== '.')) {
        for (const sign of ['', '-']) {
          const text = message(`"clockOffsetMs":${sign}${whole}${part},"jitterMs":${sign}${whole.slice(0, 7)}${part}`);
          const isExact = Number(whole + part.slice(1)) < 2 ** 53;
          const result = both(text);
          expect([text, result !== null]).toEqual([text, isExact]);
          expect(result?.quick).toEqual(result?.slow);
        }
      }
    }
  });

  test('what is no number: left to the general path', () => {
    const none = [
      '-',
      '--1',
      '1-',
      '-.5',
      '.5',
      '1.',
      '1234.',
      '12345678.',
      '1.2.3',
      '1.5.',
      '1..5',
      '-01',
      '01',
      '0123',
      '0999',
      '099',
      '09',
    ];
    const more = [
      '00',
      '00.5',
      '01234567',
      '00000000',
      '1x',
      '1234x',
      '12345678x',
      '1.5x',
      '1.5678x',
      '1e3',
      '1 ',
      '',
      '/',
      ':',
    ];
    for (const found of [...none, ...more]) {
      for (const after of ['', ',"hidden":true']) {
        const text = message(`"sentAt":${found}${after}`);
        expect([text, readJsonReport(Buffer.from(text), fast)]).toEqual([text, false]);
      }
    }
  });

  test('a byte that is no ASCII, beside digits and among them', () => {
    for (const found of ['1', '12', '1234', '12345678', '1.5', '12.3456', '1234.5678', '-9.9']) {
      const text = Buffer.from(message(`"avgLatencyMs":${found},"lastSeq":9`));
      const from = text.indexOf(found);
      for (let at = from; at <= from + found.length; at++) {
        for (const byte of [0x80, 0x8a, 0xb0, 0xb9, 0xc6, 0xff]) {
          const replaced = Buffer.from(text);
          replaced[at] = byte;
          const inserted = Buffer.concat([text.subarray(0, at), Buffer.of(byte), text.subarray(at)]);
          expect(readJsonReport(replaced, fast)).toBe(false);
          expect(readJsonReport(inserted, fast)).toBe(false);
        }
      }
    }
  });
});

test('a name is compared to its last byte', () => {
  for (const { name, kind } of REPORT_FIELDS) {
    const found = kind === 'flag' ? 'true' : kind === 'playback' ? '"starting"' : '7';
    const text = Buffer.from(message(`"${name}":${found}`));
    expect(readJsonReport(text, fast)).toBe(true);
    const from = text.indexOf(name);
    for (let at = from - 1; at < from + name.length + 1; at++) {
      const changed = Buffer.from(text);
      changed[at] = (changed[at] as number) ^ 1;
      expect(readJsonReport(changed, fast)).toBe(false);
    }
  }
});

test('a comma that is missing, or that no field follows, is left to the general path', () => {
  for (const fields of ['"lastSeq":1,', ',"lastSeq":1', '"hidden":null"lastSeq":1', '"lastSeq":1,,"hidden":true', ','])
    expect(readJsonReport(Buffer.from(message(fields)), fast)).toBe(false);
});
